#include "plugins/zoho/meanwhile.hpp"

namespace kontor::zoho {

Meanwhile::Meanwhile(Api& api, const Module& module, const sdk::Request& request)
    : api_(api),
      columns_(module, request.fetch.fields),
      records_(api, columns_),
      steps_(records_, request.fetch.ids) {}

void Meanwhile::begin() {
    if (failed_) return;
    try {
        while (steps_.under_way() < kRequestsAtOnceMax / 2 && steps_.begin_next()) {
        }
    } catch (const sdk::Error&) {
        failed_ = true;
    }
}

void Meanwhile::finish_next() {
    if (done()) return;
    try {
        steps_.finish_next(Records::Absent::kReport, out_);
        api_.host().emit(out_);
    } catch (const sdk::Error&) {
        failed_ = true;
    }
}

}  // namespace kontor::zoho

#include "plugins/limesurvey/pull.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "connectors/sdk/canonical.hpp"
#include "plugins/limesurvey/cursor.hpp"
#include "plugins/limesurvey/export.hpp"

namespace kontor::limesurvey {
namespace {

constexpr std::int64_t kWindow = 1'000;  // responses in one export, at most
constexpr std::int64_t kWindowsMax = 1'000'000;
constexpr std::int64_t kFullEveryMs = 7LL * 86'400'000;

bool wants(const sdk::Request& request, std::string_view field) {
    return std::ranges::find(request.fields, field) != request.fields.end();
}

/// One pull.
class Pull {
public:
    Pull(Api& api, const sdk::Request& request, std::string_view cursor)
        : api_(api), request_(request), cursor_(Cursor::decode(cursor)) {}

    std::string run() {
        for (const auto& survey : api_.surveys()) read(survey);
        api_.host().emit(out_, cursor_.encode());
        return cursor_.encode();
    }

private:
    void read(const std::string& survey) {
        emails_.reset();
        Progress progress = cursor_.surveys[survey];
        const auto began = api_.server_ms();
        const bool whole = began - progress.full_ms >= kFullEveryMs;
        Range range{whole && progress.full_ms > 0 ? 1 : progress.next(), 0};
        bool gap = false;
        for (std::int64_t windows = 0; windows < kWindowsMax; ++windows) {
            api_.host().check_cancelled();
            // A load goes by windows while they bring something; after a gap, and for an increment,
            // whatever there is.
            const bool last = !whole || gap;
            range.to = last ? 0 : range.from + kWindow - 1;
            const auto rows = api_.responses(survey, range);
            if (!rows) break;
            for (const Json& row : *rows) take(survey, row, progress);
            if (last) break;
            gap = progress.last < range.from;  // also where a server does not heed the range
            if (gap) continue;
            range.from += kWindow;
            cursor_.surveys[survey] = progress;
            api_.host().emit(out_, cursor_.encode());
            api_.host().progress(
                {{"stage", "load"}, {"done", done_}, {"total", request_.total_hint}});
        }
        if (whole) progress.full_ms = began;
        cursor_.surveys[survey] = progress;
    }

    void take(const std::string& survey, const Json& row, Progress& progress) {
        if (!emails_ && api_.options().participants && wants(request_, "email") &&
            !token_of(row).empty())
            emails_ = api_.addresses(survey);
        add_row(row, survey, api_.options().offset_ms, emails_.value_or(kNoEmails), request_.fields,
                out_);
        progress.note(id_of(row), is_complete(row), api_.server_ms());
        ++done_;
    }

    const std::map<std::string, std::string> kNoEmails;
    Api& api_;
    const sdk::Request& request_;
    Cursor cursor_;
    std::optional<std::map<std::string, std::string>> emails_;
    abi::BatchWriter out_;
    std::int64_t done_ = 0;
};

}  // namespace

std::string pull(Api& api, const sdk::Request& request, std::string_view cursor) {
    return Pull(api, request, cursor).run();
}

void fetch(Api& api, const sdk::Request& request) {
    abi::BatchWriter out;
    const auto surveys = api.surveys();
    for (const auto& id : request.ids) {
        const auto dash = id.rfind('-');
        std::int64_t number = 0;
        if (dash != std::string::npos)
            std::from_chars(id.data() + dash + 1, id.data() + id.size(), number);
        const auto survey = id.substr(0, std::min(dash, id.size()));
        const bool ours = std::ranges::count(surveys, survey) > 0;
        const auto rows = ours && number > 0 ? api.responses(survey, {number, number})
                                             : std::optional<std::vector<Json>>();
        if (!rows || rows->empty()) {
            out.begin(abi::Op::kMissing, id);
            continue;
        }
        std::map<std::string, std::string> emails;
        if (api.options().participants && wants(request, "email") &&
            !token_of(rows->front()).empty())
            emails = api.addresses(survey);
        add_row(rows->front(), survey, api.options().offset_ms, emails, request.fields, out);
    }
    api.host().emit(out);
}

}  // namespace kontor::limesurvey

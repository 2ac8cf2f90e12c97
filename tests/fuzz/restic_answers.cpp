// Whatever restic writes: what it says of a backup that it makes, its lists, and its last words.
// Ids become its arguments, shares and numbers go to whoever looks on.
#include "daemon/backup/restic_answers.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;
using namespace kontor::backup;

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

template <class T>
void must_be_told(const Result<T>& result) {
    must_hold(result.error().code == Errc::kProtocol && !result.error().message.empty());
}

void read_report(std::string_view text) {
    StoreReport report([](double share) { must_hold(share >= 0 && share <= 1); });
    while (!text.empty()) {
        const auto end = text.find('\n');
        report.add(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    const auto stored = report.stored();
    if (!stored) return must_be_told(stored);
    must_hold(is_hex(stored->snapshot));
    must_hold(stored->snapshot.size() >= 8 && stored->snapshot.size() <= 64);
}

void read_lists(std::string_view text) {
    if (const auto all = read_snapshots(text)) {
        const Snapshot* before = nullptr;
        for (const auto& one : *all) {
            must_hold(one.id.size() == 64 && is_hex(one.id));
            must_hold(one.number >= 0 && one.number < INT64_MAX);  // there is a next one
            must_hold(before == nullptr || before->number <= one.number);
            before = &one;
        }
    } else {
        must_be_told(all);
    }
    if (const auto gone = read_removed(text)) {
        for (const auto& id : *gone) must_hold(id.size() == 64 && is_hex(id));
    } else {
        must_be_told(gone);
    }
}

void read_last_words(std::string_view text) {
    const auto error = restic_error({1, std::string(text)}, "office", "/mnt");
    must_hold(error.args.at("backup") == "office" && error.args.contains("reason"));
    must_hold(error.args.at("said").find('\n') == std::string::npos);
    static_cast<void>(tries_in_vain(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    read_report(text);
    read_lists(text);
    read_last_words(text);
    return 0;
}

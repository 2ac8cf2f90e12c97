// What reading promises when the network, the server or a person gets in its way: an error, or the
// truth, and never a part that looks like the whole.
#include <algorithm>
#include <set>

#include "connectors/kit/checks.hpp"

namespace kontor::kit {
namespace {

using namespace std::chrono_literals;
using remote::Fact;
using remote::StreamSpec;

constexpr Fault kSpoilt[] = {Fault::kGarbled, Fault::kCut, Fault::kHtmlPage};

std::set<std::string> records_of(const std::vector<Image>& images) {
    std::set<std::string> out;
    for (const auto& image : images)
        if (image.fact == Fact::kRecord || image.fact == Fact::kId) out.insert(image.id);
    return out;
}

// The first, a middle and the last of so many requests.
std::set<std::size_t> some_of(std::size_t requests) {
    return {0, requests / 2, requests == 0 ? 0 : requests - 1};
}

Args evidence(Fault fault, const Network& network, Args more = {}) {
    more["fault"] = std::string(to_string(fault));
    more["request"] = network.victim();
    return more;
}

// A failed read is an error of the outside world, never a bug or a crash of the connector.
bool of_the_world(const Error& error) {
    return error.code != Errc::kInternal && error.code != Errc::kConnector &&
           error.code != Errc::kInvalid;
}

Verdict crashed(Fault fault, const Network& network, const Error& error) {
    return failed("fault_as_bug", evidence(fault, network,
                                           {{"code", std::string(to_string(error.code))},
                                            {"error", error.message}}));
}

Verdict spoilt_pull(Bench& bench, const StreamSpec& stream) {
    auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    const Pulled whole = **all;
    if (whole.requests == 0) return not_applicable("no_requests");
    const auto wanted = records_of(whole.images);
    auto& network = bench.network();
    for (const auto fault : kSpoilt)
        for (const auto first : some_of(whole.requests)) {
            network.arm(fault, first);
            Collector got;
            const auto next = bench.remote().pull(stream.name, names_of(stream), {}, got);
            if (!network.struck()) continue;
            if (!next && !of_the_world(next.error())) return crashed(fault, network, next.error());
            if (next && records_of(got.images) != wanted)
                return failed("part_as_whole", evidence(fault, network));
            for (const auto& image : got.images) {
                const auto* known = whole.find(image.id);
                const auto* field = known ? difference(stream, *known, image) : nullptr;
                if (!known || field)
                    return failed("half_taken",
                                  evidence(fault, network,
                                           {{"record", image.id},
                                            {"field", field ? field->name : std::string()}}));
            }
        }
    return passed();
}

Verdict spoilt_list(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.list_ids) return not_applicable("not_declared", {{"what", "list_ids"}});
    auto& network = bench.network();
    network.calm();
    Collector all;
    if (const auto done = bench.remote().list_ids(stream.name, all); !done)
        return failed_call("list_ids", done.error());
    const auto requests = network.requests();
    if (requests == 0) return not_applicable("no_requests");
    for (const auto fault : kSpoilt)
        for (const auto first : some_of(requests)) {
            network.arm(fault, first);
            Collector got;
            const auto complete = bench.remote().list_ids(stream.name, got);
            if (!network.struck()) continue;
            if (!complete && !of_the_world(complete.error()))
                return crashed(fault, network, complete.error());
            if (complete && *complete && records_of(got.images) != records_of(all.images))
                return failed("list_part_as_whole", evidence(fault, network));
        }
    return passed();
}

// Found nothing would mean: create it again.
Verdict spoilt_find(Bench& bench, const StreamSpec& stream) {
    if (stream.can.find_fields.empty()) return not_applicable("not_declared", {{"what", "find"}});
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    auto& network = bench.network();
    for (const auto& field : stream.can.find_fields)
        for (const auto& image : (*all)->images) {
            const auto value = value_of(stream, image, field);
            if (value.kind() != Kind::kText || value.is_blank()) continue;
            network.calm();
            const auto calm = bench.find(bench.remote(), stream, field, {value.text()});
            if (!calm) return failed_call("find", calm.error());
            const auto requests = network.requests();
            if (requests == 0) return not_applicable("no_requests");
            for (const auto fault : kSpoilt) {
                network.arm(fault, requests - 1);
                const auto found = bench.find(bench.remote(), stream, field, {value.text()});
                if (!network.struck()) continue;
                if (!found && !of_the_world(found.error()))
                    return crashed(fault, network, found.error());
                if (found && records_of(*found) != records_of(*calm))
                    return failed("not_found_by_fault",
                                  evidence(fault, network, {{"record", image.id}}));
            }
            return passed();
        }
    return not_applicable("no_records");
}

Verdict server_down(Bench& bench, const StreamSpec& stream) {
    auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    const auto wanted = records_of((*all)->images);
    const auto requests = (*all)->requests;
    if (requests == 0) return not_applicable("no_requests");
    auto& network = bench.network();
    // Once, in the middle: the host asks again, and nothing is missing.
    network.arm(Fault::kUnavailable, requests / 2);
    const auto once = bench.pull(stream, {});
    if (!once && !once.error().retryable())
        return failed("down_not_retryable",
                      evidence(Fault::kUnavailable, network,
                               {{"code", std::string(to_string(once.error().code))},
                                {"error", once.error().message}}));
    if (once && records_of(once->images) != wanted)
        return failed("part_as_whole", evidence(Fault::kUnavailable, network));
    // For good: an error that a later try may cure.
    network.arm(Fault::kUnavailable, requests / 2, Network::kAllOfThem);
    const auto down = bench.pull(stream, {});
    if (!network.struck()) return passed();
    if (down) return failed("part_as_whole", evidence(Fault::kUnavailable, network));
    if (!down.error().retryable())
        return failed("down_not_retryable",
                      evidence(Fault::kUnavailable, network,
                               {{"code", std::string(to_string(down.error().code))},
                                {"error", down.error().message}}));
    return passed();
}

Verdict limits(Bench& bench, const StreamSpec& stream) {
    auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    const auto wanted = records_of((*all)->images);
    const auto requests = (*all)->requests;
    if (requests == 0) return not_applicable("no_requests");
    auto& network = bench.network();
    network.arm(Fault::kLimited, requests - 1);
    const auto once = bench.pull(stream, {});
    if (once && records_of(once->images) != wanted)
        return failed("part_as_whole", evidence(Fault::kLimited, network));
    if (!once && once.error().code != Errc::kRateLimited)
        return failed("limit_not_told",
                      evidence(Fault::kLimited, network,
                               {{"code", std::string(to_string(once.error().code))},
                                {"error", once.error().message}}));
    if (network.struck() && network.waited() >= 0ms && network.waited() < 900ms)
        return failed("limit_not_obeyed",
                      evidence(Fault::kLimited, network,
                               {{"waited", std::to_string(network.waited().count())}}));
    network.arm(Fault::kLimitedLong, requests - 1, Network::kAllOfThem);
    const auto limited = bench.pull(stream, {});
    if (!network.struck()) return passed();
    if (limited) return failed("part_as_whole", evidence(Fault::kLimitedLong, network));
    if (limited.error().code != Errc::kRateLimited)
        return failed("limit_not_told",
                      evidence(Fault::kLimitedLong, network,
                               {{"code", std::string(to_string(limited.error().code))},
                                {"error", limited.error().message}}));
    return passed();
}

Verdict cancelled(Bench& bench, const StreamSpec& stream) {
    const auto all = bench.whole(stream);
    if (!all) return failed_call("pull", all.error());
    if ((*all)->requests == 0) return not_applicable("no_requests");
    Network network;
    std::stop_source stop;
    auto other = bench.another(network, stop.get_token());
    if (!other) return failed_call("open", other.error());
    network.gives_up(stop);
    network.arm(Fault::kStuck, (*all)->requests / 2);
    const auto started = std::chrono::steady_clock::now();
    Collector got;
    const auto next = (*other)->pull(stream.name, names_of(stream), {}, got);
    const auto took = std::chrono::steady_clock::now() - started;
    if (!network.struck()) return not_applicable("no_requests");
    if (next) return failed("part_as_whole", evidence(Fault::kStuck, network));
    const auto seconds =
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(took).count());
    if (took > bench.options().cancel_within) return failed("cancel_late", {{"seconds", seconds}});
    if (next.error().code != Errc::kCancelled)
        return failed("cancel_not_told", {{"code", std::string(to_string(next.error().code))},
                                          {"error", next.error().message}});
    return passed();
}

constexpr Check kFaultChecks[] = {
    {.name = "spoilt_pull", .of_stream = spoilt_pull},
    {.name = "spoilt_list", .of_stream = spoilt_list},
    {.name = "spoilt_find", .of_stream = spoilt_find},
    {.name = "server_down", .of_stream = server_down},
    {.name = "limits", .of_stream = limits},
    {.name = "cancel", .of_stream = cancelled},
};

}  // namespace

std::span<const Check> fault_checks() {
    return kFaultChecks;
}

}  // namespace kontor::kit

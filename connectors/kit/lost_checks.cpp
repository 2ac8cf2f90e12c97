// A write whose answer went astray: what the connector says of it must be true, and nothing is
// there twice.
#include <algorithm>

#include "connectors/kit/checks.hpp"

namespace kontor::kit {
namespace {

using remote::Change;
using remote::ChangeOp;
using remote::Fact;
using remote::PushStatus;
using remote::StreamSpec;

// As many as one write may take; to a database that is dialled, it begins, writes and commits.
constexpr std::size_t kExchangesMost = 8;
constexpr Fault kAstray[] = {Fault::kLostAnswer, Fault::kBadGateway, Fault::kGarbled, Fault::kCut};
constexpr Fault kNeverCame[] = {Fault::kLostRequest, Fault::kUnavailable, Fault::kLimitedLong,
                                Fault::kHtmlPage};

Args evidence(Fault fault, const Network& network, const Pushed& pushed,
              const std::string& record) {
    return {{"fault", std::string(to_string(fault))},
            {"request", network.victim()},
            {"said", words_of(pushed)},
            {"record", record}};
}

// The records that hold a value in the marked field, or have the key.
Result<std::vector<std::string>> made_of(Bench& bench, const StreamSpec& stream,
                                         const Change& change, const std::string& mark) {
    auto other = bench.colleague();
    if (!other) return pass(other);
    std::vector<Image> images;
    if (!stream.can.key_field.empty()) {
        auto found = bench.find(**other, stream, stream.can.key_field, {change.key});
        if (!found) return pass(found);
        images = std::move(*found);
    } else {
        Collector all;
        auto next = (*other)->pull(stream.name, names_of(stream), {}, all);
        if (!next) return pass(next);
        const auto sent = value_of(change, mark);
        for (auto& image : all.images)
            if (image.fact == Fact::kRecord && value_of(stream, image, mark) == sent)
                images.push_back(std::move(image));
    }
    std::vector<std::string> ids;
    for (const auto& image : images) {
        if (std::ranges::find(ids, image.id) == ids.end()) ids.push_back(image.id);
        bench.remember(stream, image.id);
    }
    return ids;
}

// How many requests, or exchanges with a server that was dialled, a write takes when all is well.
std::size_t requests_of(Bench& bench, const StreamSpec& stream, const Change& change,
                        Pushed& pushed) {
    bench.network().calm();
    pushed = bench.push(bench.remote(), stream, change);
    return bench.network().exchanges();
}

Verdict lost_create(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.create) return not_applicable("not_declared", {{"what", "create"}});
    const auto* mark = Bench::mark_field(stream);
    if (!mark) return not_applicable("no_text_field");
    const auto plain = bench.sample(stream);
    if (!plain) return could_not_create(plain.error());
    Pushed pushed = fail(Errc::kInternal, "");
    const auto requests = requests_of(bench, stream, *plain, pushed);
    if (!pushed || pushed->status != PushStatus::kOk)
        return failed("not_created", {{"error", words_of(pushed)}});
    if (requests == 0) return not_applicable("no_requests");
    auto& network = bench.network();
    for (const auto fault : kAstray)
        for (std::size_t first = 0; first < std::min(requests, kExchangesMost); ++first) {
            const auto change = bench.sample(stream);
            if (!change) return could_not_create(change.error());
            network.arm(fault, first);
            const auto lost = bench.push(bench.remote(), stream, *change);
            const bool struck = network.struck();
            const auto args = evidence(fault, network, lost, change->key);
            network.calm();
            auto there = made_of(bench, stream, *change, mark->name);
            if (!there) return failed_call("find", there.error());
            if (!struck) continue;
            if (there->size() > 1) return failed("lost_made_two", args);
            const auto claim = claim_of(lost, ChangeOp::kCreate);
            if (claim == Claim::kNotDone && !there->empty()) return failed("lost_denied", args);
            if (claim == Claim::kDone && there->empty()) return failed("lost_invented", args);
            if (claim == Claim::kDone && lost->id != there->front())
                return failed("lost_wrong_id", args);
            if (stream.can.key_field.empty()) continue;
            // Then the engine may simply send it again.
            const auto again = bench.push(bench.remote(), stream, *change);
            there = made_of(bench, stream, *change, mark->name);
            if (!there) return failed_call("find", there.error());
            if (there->size() != 1)
                return failed("lost_again_two", {{"fault", args.at("fault")},
                                                 {"request", args.at("request")},
                                                 {"said", words_of(again)},
                                                 {"count", std::to_string(there->size())},
                                                 {"record", change->key}});
        }
    return passed();
}

Verdict lost_update(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (!mark) return not_applicable("no_text_field");
    const auto made = bench.create(bench.remote(), stream);
    if (!made) return could_not_create(made.error());
    Pushed pushed = fail(Errc::kInternal, "");
    const auto requests = requests_of(
        bench, stream, update_of(made->id, mark->name, Value("calm " + bench.token())), pushed);
    if (!pushed || pushed->status != PushStatus::kOk)
        return failed("not_updated", {{"record", made->id}, {"error", words_of(pushed)}});
    if (requests == 0) return not_applicable("no_requests");
    auto& network = bench.network();
    int number = 0;
    for (const auto fault : kAstray)
        for (std::size_t first = 0; first < std::min(requests, kExchangesMost); ++first) {
            const auto before = bench.truth(stream, made->id);
            if (!before) return failed_call("fetch", before.error());
            const bool guarded = stream.can.cas != remote::CompareAndSet::kNone;
            const Value value("lost " + std::to_string(++number) + " " + bench.token());
            network.arm(fault, first);
            const auto lost =
                bench.push(bench.remote(), stream,
                           update_of(made->id, mark->name, value, guarded ? before->version : ""));
            const bool struck = network.struck();
            const auto args = evidence(fault, network, lost, made->id);
            network.calm();
            if (!struck) continue;
            const auto now = bench.truth(stream, made->id);
            if (!now) return failed_call("fetch", now.error());
            const bool there = same_meaning(*mark, value, value_of(stream, *now, mark->name));
            const auto claim = claim_of(lost, ChangeOp::kUpdate);
            if (claim == Claim::kNotDone && there) return failed("lost_denied", args);
            if (claim == Claim::kDone && !there) return failed("lost_invented", args);
        }
    return passed();
}

Verdict lost_delete(Bench& bench, const StreamSpec& stream) {
    if (!stream.can.create || !stream.can.remove)
        return not_applicable("not_declared", {{"what", "create, delete"}});
    const auto plain = bench.create(bench.remote(), stream);
    if (!plain) return could_not_create(plain.error());
    Pushed pushed = fail(Errc::kInternal, "");
    const auto requests = requests_of(bench, stream, remove_of(plain->id), pushed);
    if (!pushed || pushed->status != PushStatus::kOk)
        return failed("not_deleted", {{"record", plain->id}, {"error", words_of(pushed)}});
    if (requests == 0) return not_applicable("no_requests");
    auto& network = bench.network();
    for (const auto fault : kAstray)
        for (std::size_t first = 0; first < std::min(requests, kExchangesMost); ++first) {
            const auto made = bench.create(bench.remote(), stream);
            if (!made) return could_not_create(made.error());
            network.arm(fault, first);
            const auto lost = bench.push(bench.remote(), stream, remove_of(made->id));
            const bool struck = network.struck();
            const auto args = evidence(fault, network, lost, made->id);
            network.calm();
            const auto now = bench.truth(stream, made->id);
            if (!now) return failed_call("fetch", now.error());
            const bool gone = now->fact != Fact::kRecord;
            if (gone)
                bench.forget(stream.name, made->id);
            else
                bench.remember(stream, made->id);
            if (!struck) continue;
            const auto claim = claim_of(lost, ChangeOp::kDelete);
            if (claim == Claim::kNotDone && gone) return failed("lost_denied", args);
            if (claim == Claim::kDone && !gone) return failed("lost_invented", args);
        }
    return passed();
}

// The server never saw it: then it is not "ok".
Verdict refused_write(Bench& bench, const StreamSpec& stream) {
    const auto* mark = Bench::mark_field(stream);
    if (!stream.can.create || !stream.can.update)
        return not_applicable("not_declared", {{"what", "create, update"}});
    if (!mark) return not_applicable("no_text_field");
    const auto made = bench.create(bench.remote(), stream);
    if (!made) return could_not_create(made.error());
    auto& network = bench.network();
    for (const auto fault : kNeverCame) {
        const auto change = bench.sample(stream);
        if (!change) return could_not_create(change.error());
        network.arm(fault, 0, Network::kAllOfThem);
        const auto created = bench.push(bench.remote(), stream, *change);
        const auto args = evidence(fault, network, created, change->key);
        const bool struck = network.struck();
        const Value value("never " + bench.token());
        network.arm(fault, 0, Network::kAllOfThem);
        const auto updated =
            bench.push(bench.remote(), stream, update_of(made->id, mark->name, value));
        const auto more = evidence(fault, network, updated, made->id);
        network.calm();
        if (!struck) return not_applicable("no_requests");
        if (claim_of(created, ChangeOp::kCreate) == Claim::kDone)
            return failed("lost_invented", args);
        if (claim_of(updated, ChangeOp::kUpdate) == Claim::kDone)
            return failed("lost_invented", more);
        // A limit is no verdict on the record.
        if (fault != Fault::kLimitedLong) continue;
        for (const auto* pushed : {&created, &updated}) {
            const bool later = *pushed ? (*pushed)->status == PushStatus::kRetry ||
                                             (*pushed)->status == PushStatus::kUnknown
                                       : pushed->error().retryable();
            if (!later) return failed("limit_as_refusal", pushed == &created ? args : more);
        }
    }
    return passed();
}

constexpr Check kLostChecks[] = {
    {.name = "lost_create", .writes = true, .of_stream = lost_create},
    {.name = "lost_update", .writes = true, .of_stream = lost_update},
    {.name = "lost_delete", .writes = true, .of_stream = lost_delete},
    {.name = "refused_write", .writes = true, .of_stream = refused_write},
};

}  // namespace

std::span<const Check> lost_checks() {
    return kLostChecks;
}

}  // namespace kontor::kit

#include "connectors/host/plugin_remote.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "connectors/host/description_json.hpp"
#include "connectors/host/json_text.hpp"
#include "sync/base/utf8.hpp"

namespace kontor::host {
namespace {

using Json = nlohmann::json;
using remote::PushStatus;

constexpr std::size_t kCursorBytesMax = 65'536;
constexpr std::size_t kFieldsMax = 65'535;  // an index has 16 bits

std::string_view view(kontor_str text) {
    return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

tl::unexpected<Error> unsupported(const char* what) {
    return fail(Errc::kUnsupported, std::string("the connector cannot ") + what);
}

bool is_cursor(std::string_view text) {
    return text.size() <= kCursorBytesMax && is_utf8(text);
}

// emit() for a call whose records go on as they are.
Services::Emit into(BatchDecoder& decoder, remote::RecordSink& sink) {
    return [&decoder, &sink](std::string_view batch, std::string_view checkpoint) -> Result<> {
        if (!is_cursor(checkpoint))
            return fail(Errc::kProtocol, "the connector's checkpoint is malformed");
        auto records = decoder.decode(batch);
        if (!records) return pass(records);
        return sink.accept(*records, checkpoint);
    };
}

// What is read by id. Each id is answered once.
class Images {
public:
    Images(std::span<const std::string> fields, std::span<const std::string> ids,
           remote::RecordSink& sink)
        : decoder_(fields.size(), {abi::Op::kRecord, abi::Op::kDeleted, abi::Op::kMissing,
                                   abi::Op::kForbidden, abi::Op::kMerged, abi::Op::kConverted}),
          ids_(ids),
          open_(ids.begin(), ids.end()),
          sink_(sink) {}

    Result<> take(std::string_view batch) {
        auto records = decoder_.decode(batch);
        if (!records) return pass(records);
        for (const auto& record : *records)
            if (open_.erase(record.id) == 0)
                return fail(Errc::kProtocol,
                            "the connector fetched a record that was not asked for, or twice",
                            {{"record", std::string(record.id)}});
        return sink_.accept(*records, {});
    }

    [[nodiscard]] std::vector<std::string> unanswered() const {
        std::vector<std::string> out;
        for (const auto& id : ids_)
            if (open_.contains(id)) out.push_back(id);
        return out;
    }

private:
    BatchDecoder decoder_;
    std::span<const std::string> ids_;
    std::unordered_set<std::string_view> open_;
    remote::RecordSink& sink_;
};

Json request_for(std::string_view stream, std::span<const std::string> fields) {
    Json request = {{"stream", stream}, {"fields", Json::array()}};
    for (const auto& field : fields) request["fields"].push_back(field);
    return request;
}

Json list_of(std::span<const std::string> texts) {
    Json list = Json::array();
    for (const auto& text : texts) list.push_back(text);
    return list;
}

// The fields that a push mentions, each once, and where each is.
struct FieldIndex {
    std::vector<std::string> names;
    std::unordered_map<std::string_view, std::uint16_t> at;

    explicit FieldIndex(std::span<const remote::Change> changes) {
        for (const auto& change : changes)
            for (const auto& field : change.fields)
                if (names.size() < kFieldsMax &&
                    at.emplace(field.field, static_cast<std::uint16_t>(names.size())).second)
                    names.push_back(field.field);
    }
};

void add_value(abi::BatchWriter& writer, std::uint16_t field, const Value& value) {
    switch (value.kind()) {
        case Kind::kInteger:
            return writer.add(field, value.integer());
        case Kind::kReal:
            return writer.add(field, value.real());
        case Kind::kText:
            return writer.add(field, std::string_view(value.text()));
        case Kind::kAbsent:
        case Kind::kNull:
            return writer.add_null(field);
    }
}

void add_change(abi::BatchWriter& writer, const remote::Change& change, const FieldIndex& index) {
    using remote::ChangeOp;
    const auto op = change.op == ChangeOp::kCreate   ? abi::Op::kCreate
                    : change.op == ChangeOp::kUpdate ? abi::Op::kUpdate
                                                     : abi::Op::kDelete;
    writer.begin(op, change.id, change.expect_version, change.key);
    for (const auto& field : change.fields)
        if (!field.value.is_absent()) add_value(writer, index.at.at(field.field), field.value);
}

// A success that does not say of which record cannot be acknowledged: it has to be read back.
void complete(remote::PushResult& result, const remote::Change& change) {
    if (result.status != PushStatus::kOk) return;
    if (change.op != remote::ChangeOp::kCreate && result.id.empty()) result.id = change.id;
    const bool wrong =
        change.op == remote::ChangeOp::kCreate ? result.id.empty() : result.id != change.id;
    if (!wrong && result.id.size() <= BatchDecoder::kIdBytesMax) return;
    result.status = PushStatus::kUnknown;
    result.message = "the connector did not say which record was written";
}

}  // namespace

Result<Reply> PluginRemote::enter(Function function, std::string_view first,
                                  std::string_view second, const Services::Emit* emit,
                                  Services::Refusal refusal) const {
    if (parts_.sleeper.cancelled()) return fail(Errc::kCancelled, "cancelled");
    parts_.services.begin_call(emit, refusal);
    auto reply = parts_.connector->call(function, first, second);
    auto ended = parts_.services.end_call(reply ? reply->status : KONTOR_E_INTERNAL);
    if (!reply) {
        auto error = std::move(reply.error());
        error.args.emplace("connection", parts_.connection);
        return in_context("connection " + parts_.connection, std::move(error));
    }
    if (!ended) return pass(ended);
    return reply;
}

Result<std::unique_ptr<remote::Remote>> PluginRemote::open(Parts parts, const std::string& config) {
    parts.connector->serve(*parts.services.table());
    std::unique_ptr<PluginRemote> remote(new PluginRemote(std::move(parts)));
    const auto& name = remote->parts_.connector->info().name;
    auto opened = remote->enter(Function::kOpen, config, {}, nullptr);
    if (!opened) return in_context("open " + name, std::move(opened.error()));
    return std::unique_ptr<remote::Remote>(std::move(remote));
}

// Closing an instance may call the host.
PluginRemote::~PluginRemote() {
    parts_.services.begin_call(nullptr);
    parts_.connector.reset();
    static_cast<void>(parts_.services.end_call(KONTOR_OK));
}

Result<remote::Identity> PluginRemote::check() {
    if (!has(Function::kCheck)) return unsupported("check its credentials");
    const auto reply = enter(Function::kCheck, {}, {}, nullptr);
    if (!reply) return tl::unexpected(reply.error());
    auto who = read_identity(view(reply->out));
    if (who && parts_.on_identity) parts_.on_identity(*who);
    return who;
}

Result<std::vector<remote::StreamSpec>> PluginRemote::describe() {
    const auto reply = enter(Function::kDescribe, {}, {}, nullptr);
    if (!reply) return tl::unexpected(reply.error());
    auto streams = read_streams(view(reply->out));
    if (streams) streams_ = *streams;
    return streams;
}

Result<remote::Capabilities> PluginRemote::capabilities(std::string_view stream) {
    if (!streams_)
        if (auto described = describe(); !described) return pass(described);
    const auto found = std::ranges::find(*streams_, stream, &remote::StreamSpec::name);
    if (found == streams_->end())
        return fail(Errc::kNotFound, "no such stream", {{"stream", std::string(stream)}});
    return found->can;
}

Result<std::string> PluginRemote::pull(std::string_view stream, std::span<const std::string> fields,
                                       std::string_view cursor, remote::RecordSink& sink) {
    if (!has(Function::kPull)) return unsupported("pull");
    if (fields.size() > kFieldsMax) return fail(Errc::kInvalid, "too many fields");
    using enum abi::Op;
    BatchDecoder decoder(fields.size(), {kRecord, kDeleted, kForbidden, kMerged, kConverted});
    const auto emit = into(decoder, sink);
    const auto request = dump_json(request_for(stream, fields));
    const auto reply = enter(Function::kPull, request, cursor, &emit);
    if (!reply) return tl::unexpected(reply.error());
    const auto next = view(reply->out);
    if (!is_cursor(next)) return fail(Errc::kProtocol, "the connector's cursor is malformed");
    return std::string(next);
}

Result<bool> PluginRemote::list_ids(std::string_view stream, remote::RecordSink& sink) {
    if (!has(Function::kListIds)) return unsupported("list ids");
    BatchDecoder decoder(0, {abi::Op::kId});
    const auto emit = into(decoder, sink);
    const auto request = dump_json(Json{{"stream", stream}});
    const auto reply = enter(Function::kListIds, request, {}, &emit);
    if (!reply) return tl::unexpected(reply.error());
    return reply->complete;
}

Result<> PluginRemote::fetch(std::string_view stream, std::span<const std::string> fields,
                             std::span<const std::string> ids, remote::RecordSink& sink) {
    if (!has(Function::kFetch)) return unsupported("fetch by id");
    if (fields.size() > kFieldsMax) return fail(Errc::kInvalid, "too many fields");
    if (ids.empty()) return {};
    auto can = capabilities(stream);
    if (!can) return pass(can);
    const auto batch = static_cast<std::size_t>(can->fetch_batch_max);
    while (!ids.empty()) {
        const auto now = ids.first(std::min(batch, ids.size()));
        if (auto done = fetch_some(stream, fields, now, sink); !done) return done;
        ids = ids.subspan(now.size());
    }
    return {};
}

Result<> PluginRemote::fetch_some(std::string_view stream, std::span<const std::string> fields,
                                  std::span<const std::string> ids, remote::RecordSink& sink) {
    Images images(fields, ids, sink);
    const Services::Emit emit = [&](std::string_view batch, std::string_view) {
        return images.take(batch);
    };
    auto request = request_for(stream, fields);
    request["ids"] = list_of(ids);
    const auto reply = enter(Function::kFetch, dump_json(request), {}, &emit);
    if (!reply) return tl::unexpected(reply.error());
    // One that is passed over in silence would count as unchanged.
    if (const auto left = images.unanswered(); !left.empty())
        return fail(Errc::kProtocol, "the connector said nothing of a record that was asked for",
                    {{"record", left.front()}});
    return {};
}

Result<> PluginRemote::find(std::string_view stream, std::span<const std::string> fields,
                            std::string_view field, std::span<const std::string> values,
                            remote::RecordSink& sink) {
    if (!has(Function::kFind)) return unsupported("find records");
    if (fields.size() > kFieldsMax) return fail(Errc::kInvalid, "too many fields");
    if (values.empty()) return {};
    BatchDecoder decoder(fields.size(), {abi::Op::kRecord});
    const auto emit = into(decoder, sink);
    auto request = request_for(stream, fields);
    request["field"] = field;
    request["values"] = list_of(values);
    const auto reply = enter(Function::kFind, dump_json(request), {}, &emit);
    if (!reply) return tl::unexpected(reply.error());
    return {};
}

Result<std::vector<remote::PushResult>> PluginRemote::push(
    std::string_view stream, std::span<const remote::Change> changes) {
    return push_with(stream, changes, nullptr, nullptr);
}

remote::Remote::Exchange PluginRemote::push_and_fetch(std::string_view stream,
                                                      std::span<const remote::Change> changes,
                                                      std::span<const std::string> fields,
                                                      std::span<const std::string> ids,
                                                      remote::RecordSink& sink) {
    Images images(fields, ids, sink);
    Result<> fetched;
    // Whatever becomes of the images, the plugin goes on writing.
    const Services::Emit emit = [&](std::string_view batch, std::string_view) -> Result<> {
        if (fetched && parts_.sleeper.cancelled()) fetched = fail(Errc::kCancelled, "cancelled");
        if (fetched) fetched = images.take(batch);
        return {};
    };
    const Json fetch_request = {{"fields", list_of(fields)}, {"ids", list_of(ids)}};
    Exchange out{push_with(stream, changes, &fetch_request, &emit), {}};
    if (!out.pushed) return out;
    // What it could not read meanwhile, it may be able to now; or it says why not.
    out.fetched = fetched ? fetch(stream, fields, images.unanswered(), sink) : std::move(fetched);
    return out;
}

Result<std::vector<remote::PushResult>> PluginRemote::push_with(
    std::string_view stream, std::span<const remote::Change> changes, const Json* fetch,
    const Services::Emit* emit) {
    if (!has(Function::kPush)) return unsupported("push");
    if (changes.empty()) return std::vector<remote::PushResult>();
    auto can = capabilities(stream);
    if (!can) return pass(can);
    if (changes.size() > static_cast<std::size_t>(can->push_batch_max))
        return fail(Errc::kInvalid, "more changes than the connector takes at once");
    const FieldIndex index(changes);
    if (index.names.size() >= kFieldsMax) return fail(Errc::kInvalid, "too many fields");
    writer_.clear();
    for (const auto& change : changes) add_change(writer_, change, index);
    auto request = request_for(stream, index.names);
    if (fetch) request["fetch"] = *fetch;
    const auto reply = enter(Function::kPush, dump_json(request), writer_.bytes(), emit,
                             Services::Refusal::kIgnored);
    if (!reply) return tl::unexpected(reply.error());
    auto results = read_push_results(view(reply->out));
    if (!results) return results;
    if (results->size() != changes.size())
        return fail(Errc::kProtocol, "the connector returned " + std::to_string(results->size()) +
                                         " results for " + std::to_string(changes.size()) +
                                         " changes");
    for (std::size_t i = 0; i < changes.size(); ++i) complete((*results)[i], changes[i]);
    return results;
}

void PluginRemote::serve_writes(bool on) {
    parts_.budgets.serve_writes(on);
}

remote::Credits PluginRemote::credits() const {
    const auto ours = parts_.budgets.spending();
    remote::Credits out{
        .limit = ours.limit, .left = ours.left, .spent = ours.spent, .requests = ours.requests};
    if (!has(Function::kCredits)) return out;
    const auto reply = enter(Function::kCredits, {}, {}, nullptr);
    if (!reply) return out;
    const auto theirs = read_credits(view(reply->out));
    if (out.limit == 0) out.limit = theirs.limit;
    if (theirs.left >= 0 && (out.left < 0 || theirs.left < out.left)) out.left = theirs.left;
    return out;
}

}  // namespace kontor::host

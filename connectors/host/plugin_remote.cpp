#include "connectors/host/plugin_remote.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "connectors/host/description_json.hpp"
#include "connectors/host/json_text.hpp"
#include "connectors/host/utf8.hpp"

namespace kontor::host {
namespace {

using Json = nlohmann::json;
using remote::PushStatus;

constexpr std::size_t kCursorBytesMax = 65'536;
constexpr std::size_t kFieldsMax = 65'535;  // an index has 16 bits

kontor_str str(std::string_view text) {
    return {text.data(), text.size()};
}

// What the plugin returned through an `out` parameter.
Result<std::string_view> view(kontor_str text, const char* what) {
    if (!text.data && text.size > 0)
        return fail(Errc::kProtocol, std::string(what) + " is a null pointer");
    return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

tl::unexpected<Error> unsupported(const char* what) {
    return fail(Errc::kUnsupported, std::string("the connector cannot ") + what);
}

bool is_cursor(std::string_view text) {
    return text.size() <= kCursorBytesMax && is_utf8(text);
}

// Runs a function of the plugin between begin_call() and end_call(), and stops its exceptions.
template <class F>
Result<> enter(Services& services, const Sleeper& sleeper, const Services::Emit* emit, F&& run) {
    if (sleeper.cancelled()) return fail(Errc::kCancelled, "cancelled");
    services.begin_call(emit);
    kontor_status status = KONTOR_E_INTERNAL;
    try {
        status = run();
    } catch (...) {  // against the contract; treated as the plugin's failure
        status = KONTOR_E_INTERNAL;
    }
    return services.end_call(status);
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

Result<std::unique_ptr<remote::Remote>> PluginRemote::open(Parts parts, const std::string& config) {
    kontor_instance* instance = nullptr;
    auto opened = enter(parts.services, parts.sleeper, nullptr, [&] {
        return parts.library->function(&kontor_connector::open)(parts.services.table(), str(config),
                                                                &instance);
    });
    if (!opened) return in_context("open " + parts.library->name(), std::move(opened.error()));
    if (!instance) return fail(Errc::kProtocol, "the connector opened nothing");
    return std::unique_ptr<remote::Remote>(new PluginRemote(std::move(parts), instance));
}

PluginRemote::~PluginRemote() {
    try {
        parts_.services.begin_call(nullptr);
        parts_.library->function (&kontor_connector::close)(instance_);
        (void)parts_.services.end_call(KONTOR_OK);
    } catch (...) {  // against the contract; nothing is left to tell it to
    }
}

Result<remote::Identity> PluginRemote::check() {
    const auto function = parts_.library->function(&kontor_connector::check);
    if (!function) return unsupported("check its credentials");
    kontor_str out{nullptr, 0};
    auto done =
        enter(parts_.services, parts_.sleeper, nullptr, [&] { return function(instance_, &out); });
    if (!done) return pass(done);
    auto text = view(out, "the connector's check");
    if (!text) return pass(text);
    return read_identity(*text);
}

Result<std::vector<remote::StreamSpec>> PluginRemote::describe() {
    const auto function = parts_.library->function(&kontor_connector::describe);
    kontor_str out{nullptr, 0};
    auto done =
        enter(parts_.services, parts_.sleeper, nullptr, [&] { return function(instance_, &out); });
    if (!done) return pass(done);
    auto text = view(out, "the connector's description");
    if (!text) return pass(text);
    auto streams = read_streams(*text);
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
    const auto function = parts_.library->function(&kontor_connector::pull);
    if (!function) return unsupported("pull");
    if (fields.size() > kFieldsMax) return fail(Errc::kInvalid, "too many fields");
    using enum abi::Op;
    BatchDecoder decoder(fields.size(), {kRecord, kDeleted, kForbidden, kMerged, kConverted});
    const auto emit = into(decoder, sink);
    const auto request = dump_json(request_for(stream, fields));
    kontor_str out{nullptr, 0};
    auto done = enter(parts_.services, parts_.sleeper, &emit,
                      [&] { return function(instance_, str(request), str(cursor), &out); });
    if (!done) return pass(done);
    auto next = view(out, "the connector's cursor");
    if (!next) return pass(next);
    if (!is_cursor(*next)) return fail(Errc::kProtocol, "the connector's cursor is malformed");
    return std::string(*next);
}

Result<bool> PluginRemote::list_ids(std::string_view stream, remote::RecordSink& sink) {
    const auto function = parts_.library->function(&kontor_connector::list_ids);
    if (!function) return unsupported("list ids");
    BatchDecoder decoder(0, {abi::Op::kId});
    const auto emit = into(decoder, sink);
    const auto request = dump_json(Json{{"stream", stream}});
    std::int32_t complete = 0;
    auto done = enter(parts_.services, parts_.sleeper, &emit,
                      [&] { return function(instance_, str(request), &complete); });
    if (!done) return pass(done);
    return complete != 0;
}

Result<> PluginRemote::fetch(std::string_view stream, std::span<const std::string> fields,
                             std::span<const std::string> ids, remote::RecordSink& sink) {
    if (!parts_.library->function(&kontor_connector::fetch)) return unsupported("fetch by id");
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
    const auto function = parts_.library->function(&kontor_connector::fetch);
    using enum abi::Op;
    BatchDecoder decoder(fields.size(),
                         {kRecord, kDeleted, kMissing, kForbidden, kMerged, kConverted});
    std::unordered_set<std::string_view> open(ids.begin(), ids.end());
    // Each id is answered once. One that is passed over in silence would count as unchanged.
    const Services::Emit emit = [&](std::string_view batch, std::string_view) -> Result<> {
        auto records = decoder.decode(batch);
        if (!records) return pass(records);
        for (const auto& record : *records)
            if (open.erase(record.id) == 0)
                return fail(Errc::kProtocol,
                            "the connector fetched a record that was not asked for, or twice",
                            {{"record", std::string(record.id)}});
        return sink.accept(*records, {});
    };
    auto request = request_for(stream, fields);
    request["ids"] = list_of(ids);
    const auto text = dump_json(request);
    auto done = enter(parts_.services, parts_.sleeper, &emit,
                      [&] { return function(instance_, str(text)); });
    if (!done) return done;
    if (!open.empty())
        return fail(Errc::kProtocol, "the connector said nothing of a record that was asked for",
                    {{"record", std::string(*open.begin())}});
    return {};
}

Result<> PluginRemote::find(std::string_view stream, std::span<const std::string> fields,
                            std::string_view field, std::span<const std::string> values,
                            remote::RecordSink& sink) {
    const auto function = parts_.library->function(&kontor_connector::find);
    if (!function) return unsupported("find records");
    if (fields.size() > kFieldsMax) return fail(Errc::kInvalid, "too many fields");
    if (values.empty()) return {};
    BatchDecoder decoder(fields.size(), {abi::Op::kRecord});
    const auto emit = into(decoder, sink);
    auto request = request_for(stream, fields);
    request["field"] = field;
    request["values"] = list_of(values);
    const auto text = dump_json(request);
    return enter(parts_.services, parts_.sleeper, &emit,
                 [&] { return function(instance_, str(text)); });
}

Result<std::vector<remote::PushResult>> PluginRemote::push(
    std::string_view stream, std::span<const remote::Change> changes) {
    const auto function = parts_.library->function(&kontor_connector::push);
    if (!function) return unsupported("push");
    if (changes.empty()) return std::vector<remote::PushResult>();
    auto can = capabilities(stream);
    if (!can) return pass(can);
    if (changes.size() > static_cast<std::size_t>(can->push_batch_max))
        return fail(Errc::kInvalid, "more changes than the connector takes at once");
    const FieldIndex index(changes);
    if (index.names.size() >= kFieldsMax) return fail(Errc::kInvalid, "too many fields");
    writer_.clear();
    for (const auto& change : changes) add_change(writer_, change, index);
    const auto request = dump_json(request_for(stream, index.names));
    kontor_str out{nullptr, 0};
    auto done = enter(parts_.services, parts_.sleeper, nullptr, [&] {
        return function(instance_, str(request), str(writer_.bytes()), &out);
    });
    if (!done) return pass(done);
    auto text = view(out, "the connector's push results");
    if (!text) return pass(text);
    auto results = read_push_results(*text);
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
    const auto function = parts_.library->function(&kontor_connector::credits);
    kontor_str text{nullptr, 0};
    if (!function || !enter(parts_.services, parts_.sleeper, nullptr,
                            [&] { return function(instance_, &text); }))
        return out;
    const auto json = view(text, "the connector's credits");
    const auto theirs = json ? read_credits(*json) : remote::Credits{};
    if (out.limit == 0) out.limit = theirs.limit;
    if (theirs.left >= 0 && (out.left < 0 || theirs.left < out.left)) out.left = theirs.left;
    return out;
}

}  // namespace kontor::host

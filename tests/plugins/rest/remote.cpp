#include "tests/plugins/rest/remote.hpp"

namespace kontor::test {

RestRemote::RestRemote(std::string_view description, std::string_view head, Json options) {
    const Json config = {{"options", std::move(options)},
                         {"description", std::string(head) + std::string(description)}};
    connector = std::make_unique<rest::Connector>(services, config.dump());
}

void RestRemote::answer(const Json& body, int status, std::map<std::string, std::string> headers) {
    FakeResponse response;
    response.status = status;
    response.body = body.dump();
    response.headers = std::move(headers);
    host.script(std::move(response));
}

std::string RestRemote::pull(const std::string& stream, std::vector<std::string> fields,
                             std::string_view cursor) {
    sdk::Request request;
    request.stream = stream;
    request.fields = std::move(fields);
    return connector->pull(request, cursor);
}

sdk::PushResult RestRemote::push(abi::Op op, const std::string& id, const std::string& version,
                                 const std::map<std::string, FakeValue>& fields,
                                 const std::string& stream) {
    sdk::Request request;
    request.stream = stream;
    abi::BatchWriter batch;
    batch.begin(op, id, version, op == abi::Op::kCreate ? "key-1" : "");
    for (const auto& [name, value] : fields) {
        const auto at = static_cast<std::uint16_t>(request.fields.size());
        request.fields.push_back(name);
        if (const auto* number = std::get_if<std::int64_t>(&value))
            batch.add(at, *number);
        else if (const auto* real = std::get_if<double>(&value))
            batch.add(at, *real);
        else if (const auto* text = std::get_if<std::string>(&value))
            batch.add(at, std::string_view(*text));
        else
            batch.add_null(at);
    }
    return connector->push(request, abi::BatchReader(batch.bytes())).at(0);
}

std::vector<std::string> RestRemote::asked() const {
    std::vector<std::string> out;
    for (const auto& each : host.requests)
        out.push_back(each.method + " " + each.url.substr(each.url.find("/api")));
    return out;
}

}  // namespace kontor::test

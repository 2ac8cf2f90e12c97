#include "plugins/csv/connector.hpp"

#include "connectors/sdk/error.hpp"
#include "plugins/csv/problems.hpp"
#include "plugins/csv/pull.hpp"
#include "plugins/csv/spec.hpp"

namespace kontor::csv {

std::string Connector::spec() {
    return spec_json();
}

Connector::Connector(sdk::Host& host, std::string_view config)
    : host_(host),
      options_(Options::parse(config)),
      folder_(host, options_),
      tables_(host, folder_, options_),
      exports_(host, options_) {}

void Connector::require_folder(std::string_view name) {
    try {
        static_cast<void>(host_.list_files(name));
    } catch (const sdk::Error& error) {
        throw sdk::Error(error.status(),
                         "the folder " + std::string(name) +
                             " cannot be read: it must be opened to the connection (--folder " +
                             std::string(name) + "=PATH), be there, and be kontord's to read");
    }
}

sdk::Identity Connector::check() {
    require_folder(kInbox);
    if (!options_.exports.empty()) require_folder(kOutbox);
    sdk::Identity out;
    // A folder has no owner to be told from another.
    out.org_id = out.user_id = "folder";
    out.org_name = "folder";
    out.server_time_ms = host_.now_ms();
    return out;
}

std::vector<sdk::StreamSpec> Connector::describe() {
    std::vector<sdk::StreamSpec> out;
    for (const auto& [name, table] : tables_.describe()) {
        if (name == kProblems || Exports::is_export(name))
            throw sdk::Error(KONTOR_E_INVALID, "a table may not be called " + name +
                                                   ": rename the file, or use the option tables");
        out.push_back(table.stream(options_.complete));
    }
    for (auto& stream : exports_.streams()) out.push_back(std::move(stream));
    out.push_back(problems_stream());
    return out;
}

std::string Connector::pull(const sdk::Request& request, std::string_view cursor) {
    if (request.stream == kProblems)
        return pull_problems(host_, folder_, tables_, options_, request, cursor);
    if (Exports::is_export(request.stream)) return "{}";
    return pull_table(host_, folder_, tables_, options_, tables_.table_to_pull(request.stream),
                      request, cursor);
}

bool Connector::list_ids(const sdk::Request& request) {
    if (request.stream == kProblems || Exports::is_export(request.stream))
        throw sdk::Error(KONTOR_E_UNSUPPORTED, "there is no list of these");
    return list_table(host_, folder_, options_, tables_.table(request.stream));
}

void Connector::fetch(const sdk::Request& request) {
    if (request.stream == kProblems || Exports::is_export(request.stream))
        throw sdk::Error(KONTOR_E_UNSUPPORTED, "these cannot be asked for by id");
    fetch_table(host_, folder_, tables_, options_, tables_.table(request.stream), request);
}

void Connector::find(const sdk::Request& request) {
    if (!Exports::is_export(request.stream))
        throw sdk::Error(KONTOR_E_UNSUPPORTED, "only what was written can be found again");
    exports_.find(request);
}

std::vector<sdk::PushResult> Connector::push(const sdk::Request& request,
                                             abi::BatchReader changes) {
    if (!Exports::is_export(request.stream))
        throw sdk::Error(KONTOR_E_UNSUPPORTED, "the files of the folder are only read");
    return exports_.push(request, changes);
}

}  // namespace kontor::csv

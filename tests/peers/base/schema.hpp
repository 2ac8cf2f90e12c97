#pragma once
// JSON Schemas (draft 7) of messages, compiled when they are first asked for.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::peer {

/// The JSON of a file; discarded JSON if it cannot be read.
nlohmann::json read_json(const std::string& path);

/// The definitions of one document. Thread-safe.
class SchemaRegistry {
public:
    /// `prefix`: the member of the document that holds the definitions.
    SchemaRegistry(nlohmann::json document, std::string prefix);
    ~SchemaRegistry();
    SchemaRegistry(const SchemaRegistry&) = delete;
    SchemaRegistry& operator=(const SchemaRegistry&) = delete;

    /// False if the document could not be read.
    bool present() const;
    bool has(const std::string& name) const;
    /// What is wrong with a message of this kind; empty if it fits. No such kind is a problem.
    std::vector<std::string> problems(const std::string& name, const nlohmann::json& message);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kontor::peer

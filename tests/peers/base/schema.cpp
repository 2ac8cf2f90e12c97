#include "tests/peers/base/schema.hpp"

#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace kontor::peer {

namespace {

constexpr std::size_t kMostProblems = 20;

std::shared_ptr<const valijson::Schema> compile(nlohmann::json document,
                                                const std::string& reference) {
    document["allOf"] = nlohmann::json::array({{{"$ref", reference}}});
    auto schema = std::make_shared<valijson::Schema>();
    valijson::SchemaParser parser;
    const valijson::adapters::NlohmannJsonAdapter adapter(document);
    parser.populateSchema(adapter, *schema);
    return schema;
}

std::vector<std::string> problems_of(const valijson::Schema& schema,
                                     const nlohmann::json& message) {
    // It keeps the patterns that it compiled: most of the work otherwise.
    thread_local valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter adapter(message);
    if (validator.validate(schema, adapter, &results)) return {};
    std::vector<std::string> problems;
    valijson::ValidationResults::Error error;
    while (problems.size() < kMostProblems && results.popError(error)) {
        std::string where;
        for (const std::string& part : error.context) where += part;
        problems.push_back(where + ": " + error.description);
    }
    if (problems.empty()) problems.emplace_back("does not fit");
    return problems;
}

}  // namespace

nlohmann::json read_json(const std::string& path) {
    std::ifstream in(path);
    return nlohmann::json::parse(in, nullptr, false);
}

struct SchemaRegistry::Impl {
    Impl(nlohmann::json document, std::string name)
        : prefix(std::move(name)), all(std::move(document)) {}

    const std::string prefix;
    const nlohmann::json all;
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<const valijson::Schema>> compiled;
};

SchemaRegistry::SchemaRegistry(nlohmann::json document, std::string prefix)
    : impl_(std::make_unique<Impl>(std::move(document), std::move(prefix))) {}
SchemaRegistry::~SchemaRegistry() = default;

bool SchemaRegistry::present() const {
    return impl_->all.is_object();
}

bool SchemaRegistry::has(const std::string& name) const {
    return present() && impl_->all.at(impl_->prefix).contains(name);
}

std::vector<std::string> SchemaRegistry::problems(const std::string& name,
                                                  const nlohmann::json& message) {
    std::shared_ptr<const valijson::Schema> schema;
    {
        const std::lock_guard lock(impl_->mutex);
        auto& known = impl_->compiled[name];
        if (!known && has(name)) known = compile(impl_->all, "#/" + impl_->prefix + "/" + name);
        schema = known;
    }
    if (!schema) return {"no schema for '" + name + "'"};
    return problems_of(*schema, message);
}

}  // namespace kontor::peer

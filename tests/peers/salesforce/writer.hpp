#pragma once
// What happens to written records: checks, and the results of each.

#include <string>

#include "tests/peers/salesforce/org.hpp"

namespace kontor::peer::salesforce {

/// `id` "" unless it was carried out; then `errors` is empty.
struct Outcome {
    std::string id;
    bool created = false;
    std::vector<ApiError> errors;
};

class Writer {
public:
    explicit Writer(Org& org) : org_(org) {}

    /// Fields that the object does not have, or JSON of another type than the field's: the whole
    /// request is refused. Throws ApiError.
    void check_shape(const Object& object, const Json& values) const;

    Outcome create(const Object& object, Json values, const std::string& user);
    Outcome update(const Object& object, const std::string& id, Json values,
                   const std::string& user);
    Outcome upsert(const Object& object, const std::string& field, const std::string& key,
                   Json values, const std::string& user);
    Outcome remove(const Object& object, const std::string& id, const std::string& user);

private:
    void check(const Object& object, Json& values, const std::string& id, bool create,
               std::vector<ApiError>& errors);
    void check_field(const Object& object, const std::string& name, Json& value,
                     const std::string& id, bool create, std::vector<ApiError>& errors);
    void check_unique(const Object& object, const std::string& name, const Json& value,
                      const std::string& id, std::vector<ApiError>& errors);
    void apply_rules(const Object& object, Json& values, std::vector<ApiError>& errors);
    [[nodiscard]] bool there_is(const Json& targets, const std::string& id);

    Org& org_;
};

}  // namespace kontor::peer::salesforce

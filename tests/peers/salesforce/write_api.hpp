#pragma once
// Single records and collections of up to 200.

#include "tests/peers/salesforce/call.hpp"
#include "tests/peers/salesforce/writer.hpp"

namespace kontor::peer::salesforce {

class WriteApi {
public:
    explicit WriteApi(Org& org) : org_(org), writer_(org) {}

    /// POST, PATCH, DELETE below /sobjects/X
    Response row(Call& call);
    /// POST, PATCH, DELETE of /composite/sobjects, PATCH of /composite/sobjects/X/Key
    Response collection(Call& call);

private:
    Outcome change(Call& call, const Object& object, Json record, const std::string& key_field);
    void require_unmodified(const Call& call, const Object& object, const std::string& id);
    Response removed(Call& call);

    Org& org_;
    Writer writer_;
};

}  // namespace kontor::peer::salesforce

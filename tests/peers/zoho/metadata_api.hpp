#pragma once
// settings/*, users, org and currencies.

#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/org.hpp"

namespace kontor::peer::zoho {

class MetadataApi {
public:
    explicit MetadataApi(Org& org) : org_(org) {}

    /// Everything below /settings; `call.path[0]` is "settings".
    Response settings(Call& call);
    Response users(Call& call);
    Response organisation(Call& call);

    /// Related lists of a module: its name in the API, the listed module, the pointing field; none:
    /// a list of links.
    struct RelatedList {
        std::string api_name;
        const Module* module;
        std::optional<std::size_t> field;
    };
    std::vector<RelatedList> related_lists(const Module& module) const;

    /// Ids of a module's custom views: all records, and the API user's own.
    static std::string all_view_id(const Module& module);
    static std::string own_view_id(const Module& module);

private:
    Json module_json(const Module& module) const;
    Json field_json(const Module& module, std::size_t index) const;
    Json layout_json(const Module& module, const Layout* layout) const;
    Json view_json(const Module& module, bool own) const;
    Json user_json(const User& user) const;
    const Module& named_module(const Call& call) const;

    Org& org_;
};

}  // namespace kontor::peer::zoho

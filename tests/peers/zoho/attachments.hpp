#pragma once
// Files attached to records: list, upload, download, delete. Their content is kept in memory.

#include <map>
#include <string>

#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/org.hpp"
#include "tests/peers/zoho/record_writer.hpp"

namespace kontor::peer::zoho {

class Attachments {
public:
    Attachments(Org& org, RecordWriter& writer) : org_(org), writer_(writer) {}

    /// /{module}/{id}/Attachments and what is below it; `parent` is a visible record's id.
    Response handle(Call& call, const std::string& parent);

private:
    struct File {
        std::string name;
        std::string content;  ///< empty for a link
        std::string link;
    };

    Response list(Call& call, const std::string& parent) const;
    Response upload(Call& call, const std::string& parent);
    Response download(const std::string& id, const std::string& parent) const;
    Response remove(Call& call, std::string_view ids, const std::string& parent);
    /// The attachment's slot if it belongs to the parent.
    std::optional<Slot> find(const std::string& id, const std::string& parent) const;
    const Module& module() const { return *org_.catalogue.find("Attachments"); }

    Org& org_;
    RecordWriter& writer_;
    std::map<Slot, File> files_;
};

}  // namespace kontor::peer::zoho

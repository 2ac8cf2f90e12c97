#include "tests/peers/zoho/attachments.hpp"

#include "tests/peers/zoho/output.hpp"
#include "tests/peers/zoho/read_api.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kPageMost = 200;

}  // namespace

std::optional<Slot> Attachments::find(const std::string& id, const std::string& parent) const {
    const auto slot = org_.slot_of(module(), id);
    if (!slot || !org_.store(module()).visible(*slot)) return std::nullopt;
    const auto field = *module().find_index("Parent_Id");
    const bool ours = unquote_json(org_.store(module()).value(*slot, field)) == parent;
    return ours ? slot : std::nullopt;
}

Response Attachments::handle(Call& call, const std::string& parent) {
    call.charge(1);
    const std::string& method = call.request.method;
    if (call.path.size() == 3) {
        if (method == "GET") return list(call, parent);
        if (method == "POST") return upload(call, parent);
        if (method == "DELETE") return remove(call, call.parameter("ids").value_or(""), parent);
        refuse_method(call.path.size());
    }
    if (method == "GET") return download(call.path[3], parent);
    if (method == "DELETE") return remove(call, call.path[3], parent);
    refuse_method(call.path.size());
}

Response Attachments::list(Call& call, const std::string& parent) const {
    if (!call.parameter("fields") && org_.switches.on("fields_mandatory"))
        refuse_missing_parameter("fields");
    const auto per_page =
        static_cast<std::size_t>(ReadApi::positive(call, "per_page", kPageMost, kPageMost));
    const auto page = static_cast<std::size_t>(ReadApi::positive(call, "page", 1, 1000000));
    const ModuleStore& store = org_.store(module());
    const bool as_text = org_.switches.text("attachment_size") == "string";
    Json data = Json::array();
    std::size_t seen = 0;
    bool more = false;
    for (const auto& [slot, file] : files_) {
        const std::string id = record_id(module().number, slot);
        if (!find(id, parent)) continue;
        if (seen++ < (page - 1) * per_page) continue;
        if (data.size() == per_page) {
            more = true;
            break;
        }
        std::string owner;
        Output(org_).append_user(owner, unquote_json(store.value(slot, kOwner)), true);
        const std::string parent_module = org_.module_of(parent)->api_name;
        data.push_back({{"id", id},
                        {"File_Name", file.name},
                        {"Size", as_text ? Json(std::to_string(file.content.size()))
                                         : Json(file.content.size())},
                        {"$file_id", file.link.empty() ? Json("file" + id) : Json()},
                        {"$link_url", file.link.empty() ? Json() : Json(file.link)},
                        {"$type", file.link.empty() ? "Attachment" : "Link URL"},
                        {"Owner", Json::parse(owner)},
                        {"Parent_Id", {{"id", parent}, {"module", {{"api_name", parent_module}}}}},
                        {"Created_Time",
                         format_instant(std::stoll(store.value(slot, kCreatedTime)), org_.zone)},
                        {"Modified_Time", format_instant(store.modified_s(slot), org_.zone)}});
    }
    if (data.empty()) return empty_response(204);
    const std::size_t count = data.size();
    return json_response(
        200,
        {{"data", std::move(data)},
         {"info",
          {{"per_page", per_page}, {"count", count}, {"page", page}, {"more_records", more}}}});
}

Response Attachments::upload(Call& call, const std::string& parent) {
    const std::string type(call.header("Content-Type").value_or(""));
    const auto link = call.parameter("attachmentUrl");
    File file;
    bool has_file = false;
    if (type.starts_with("multipart/form-data")) {
        for (FormPart& part : parse_multipart(type, call.request.body)) {
            if (part.name == "attachmentUrl") file.link = part.content;
            if (part.name != "file") continue;
            has_file = true;
            file.name = part.file_name;
            file.content = std::move(part.content);
        }
    }
    if (link) file.link = *link;
    if (has_file && !file.link.empty())
        refuse(400, "AMBIGUITY_DURING_PROCESSING", "file and attachmentUrl cannot both be given",
               {{"ambiguity_due_to",
                 Json::array({{{"param_name", "file"}}, {{"param_name", "attachmentUrl"}}})}});
    if (!has_file && file.link.empty()) refuse_missing_parameter("file");
    if (file.name.empty()) file.name = std::string(call.parameter("title").value_or(file.link));
    if (static_cast<std::int64_t>(file.content.size()) > org_.switches.number("attachment_limit"))
        refuse(413, "FILE_SIZE_MORE_THAN_ALLOWED_SIZE", "the file is too large");
    WriteOptions how;
    how.user_id = org_.catalogue.api_user().id;
    how.path = "$";
    const Json element{{"File_Name", file.name}, {"Parent_Id", {{"id", parent}}}};
    WriteResult result = writer_.insert(module(), element, how);
    if (!result.ok) throw ApiError{400, result.element};
    files_[result.slot] = std::move(file);
    call.written += 1;
    Json details = Json::parse(result.details);
    details.erase("$approval_state");
    result.element["details"] = std::move(details);
    result.element["message"] = "attachment uploaded successfully";
    return json_response(200, {{"data", Json::array({result.element})}});
}

Response Attachments::download(const std::string& id, const std::string& parent) const {
    const auto slot = find(id, parent);
    const auto file = slot ? files_.find(*slot) : files_.end();
    if (file == files_.end()) return empty_response(204);
    Response response;
    response.headers.emplace_back("Content-Type", "application/x-download;charset=UTF-8");
    response.headers.emplace_back("Content-Disposition",
                                  "attachment;filename*=UTF-8''" + url_encode(file->second.name));
    response.body = file->second.content;
    return response;
}

Response Attachments::remove(Call& call, std::string_view ids, const std::string& parent) {
    if (ids.empty()) refuse_missing_parameter("ids");
    Json data = Json::array();
    std::size_t good = 0;
    while (true) {
        const std::size_t comma = ids.find(',');
        const std::string id(ids.substr(0, comma));
        if (const auto slot = find(id, parent)) {
            writer_.erase(module(), *slot, org_.catalogue.api_user().id, false);
            files_.erase(*slot);
            ++good;
            data.push_back({{"code", "SUCCESS"},
                            {"details", {{"id", id}}},
                            {"message", "record deleted"},
                            {"status", "success"}});
        } else {
            data.push_back(error_object("INVALID_DATA", org_.switches.text("invalid_id_message"),
                                        {{"id", id}}));
        }
        if (comma == std::string_view::npos) break;
        ids.remove_prefix(comma + 1);
    }
    call.written += static_cast<int>(good);
    const int status = good == data.size() ? 200 : good == 0 ? 400 : 207;
    return json_response(status, {{"data", std::move(data)}});
}

}  // namespace kontor::peer::zoho

// [backup.NAME]
#include "config/parse_parts.hpp"

namespace kontor::config {
namespace {

std::string check_target(const std::string& text) {
    if (text.find('\0') != std::string::npos) return "must not hold a zero byte";
    const auto scheme = text.find("://");
    if (scheme == std::string::npos) return "";
    const auto host = text.substr(scheme + 3, text.find('/', scheme + 3) - scheme - 3);
    const auto at = host.rfind('@');
    if (at != std::string::npos && host.substr(0, at).find(':') != std::string::npos)
        return "must not hold a password; put the whole target into a file and name it in secrets "
               "as target";
    return "";
}

std::string check_reference(const std::string& text) {
    return check_secret_reference(text);
}

/// A target without a scheme is a folder.
bool is_folder(const std::string& target) {
    for (const std::string_view scheme :
         {"sftp:", "s3:", "rest:", "rclone:", "b2:", "azure:", "gs:", "swift:"})
        if (target.rfind(scheme, 0) == 0) return false;
    return true;
}

void read_keep(TableReader& parent, Keep& out) {
    const Node* node = parent.table("keep");
    if (node == nullptr) return;
    TableReader in(*node, parent.dotted("keep"), parent.into());
    constexpr std::int64_t kMost = 100'000;
    in.integer("last", out.last, 0, kMost);
    in.integer("hourly", out.hourly, 0, kMost);
    in.integer("daily", out.daily, 0, kMost);
    in.integer("weekly", out.weekly, 0, kMost);
    in.integer("monthly", out.monthly, 0, kMost);
    in.integer("yearly", out.yearly, 0, kMost);
    in.finish();
}

void read_options(TableReader& parent, std::map<std::string, std::string>& out) {
    const Node* node = parent.table("options");
    if (node == nullptr) return;
    for (const auto& [name, line, column, value] : node->members) {
        parent.stands(value, "options." + name);
        if (value.kind != Node::Kind::kText)
            parent.problem(value, "options." + name, "must be a text");
        else
            out[name] = value.text;
    }
}

void read_backup(const Node& node, TableReader::Into into, Backup& out) {
    TableReader in(node, "backup." + out.name, into);
    std::string target = out.target;
    in.text("target", target, check_target);
    if (is_folder(target))
        read_path(in, "target", out.target);
    else
        out.target = target;
    in.text("password", out.password, check_reference);
    in.text("secrets_password", out.secrets_password, check_reference);
    read_secrets(in, out.secrets);
    read_options(in, out.options);
    read_path(in, "ca_file", out.ca_file);
    in.integer("upload_kib", out.upload_kib, 0, 10'000'000);
    in.integer("download_kib", out.download_kib, 0, 10'000'000);
    read_keep(in, out.keep);
    in.finish();
}

}  // namespace

void read_backups(const Node& node, TableReader::Into into, std::vector<Backup>& out) {
    read_named(node, "backup", into, out, read_backup);
}

void check_backups(const std::vector<Backup>& backups, const Origins& origins, Problems& problems) {
    for (const auto& backup : backups) {
        const auto key = "backup." + backup.name;
        const auto place = place_of(origins, key);
        const auto complain = [&](const std::string& member, std::string reason) {
            for (const auto& p : problems)
                if (p.key == key + "." + member) return;
            problems.push_back(
                Problem{place.file, place.line, 1, key + "." + member, std::move(reason), ""});
        };
        if (backup.target.empty() && !backup.secrets.contains("target"))
            complain("target", "is missing: where does the backup go?");
        if (backup.password.empty())
            complain("password", "is missing: which secret encrypts the backup?");
        else if (backup.password == backup.secrets_password)
            complain("secrets_password", "must be another passphrase than password");
    }
}

}  // namespace kontor::config

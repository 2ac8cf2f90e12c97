#include "sync/backup/manifest.hpp"

#include <nlohmann/json.hpp>

#include "sync/backup/json_number.hpp"

namespace kontor::backup {

using nlohmann::json;

std::string to_json(const Manifest& m) {
    return json{{"format", m.format},
                {"chain", m.chain},
                {"point", m.point},
                {"at", m.at},
                {"replica_id", m.replica_id},
                {"epoch", m.epoch},
                {"schema_version", m.schema_version},
                {"history_seq", m.history_seq},
                {"made_by", m.made_by},
                {"page_bytes", m.size.page_bytes},
                {"pages", m.size.pages},
                {"content", m.content},
                {"records", m.records},
                {"counted", m.counted}}
        .dump();
}

Result<Manifest> parse_manifest(std::string_view text) {
    Manifest out;
    try {
        const json in = json::parse(text);
        take_number(in.at("format"), out.format);
        if (out.format > kFormat)
            return fail(Errc::kTooNew, "the backup has format " + std::to_string(out.format),
                        {{"version", std::to_string(out.format)}, {"reason", "backup_too_new"}});
        in.at("chain").get_to(out.chain);
        take_number(in.at("point"), out.point);
        in.at("at").get_to(out.at);
        in.at("replica_id").get_to(out.replica_id);
        take_number(in.at("epoch"), out.epoch);
        take_number(in.at("schema_version"), out.schema_version);
        take_number(in.at("history_seq"), out.history_seq);
        in.at("made_by").get_to(out.made_by);
        take_number(in.at("page_bytes"), out.size.page_bytes);
        take_number(in.at("pages"), out.size.pages);
        in.at("content").get_to(out.content);
        for (const auto& [entity, count] : in.at("records").get_ref<const json::object_t&>())
            take_number(count, out.records[entity]);
        out.counted = in.value("counted", true);
    } catch (const json::exception&) {
        return fail(Errc::kCorrupt, "the manifest cannot be read", {{"reason", "backup_damaged"}});
    }
    const auto power_of_two = [](std::uint32_t n) { return n != 0 && (n & (n - 1)) == 0; };
    if (out.format < 1 || out.point < 0 || out.size.page_bytes < 512 ||
        out.size.page_bytes > 65536 || !power_of_two(out.size.page_bytes) || out.size.pages == 0)
        return fail(Errc::kCorrupt, "the manifest holds impossible numbers",
                    {{"reason", "backup_damaged"}});
    return out;
}

}  // namespace kontor::backup

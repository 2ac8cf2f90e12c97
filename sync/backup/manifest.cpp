#include "sync/backup/manifest.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace kontor::backup {

using nlohmann::json;

namespace {

// A number of JSON need not be whole, nor fit: what it became then would be anything.
template <class Number>
void take(const json& from, Number& to) {
    const bool fits = from.is_number_unsigned()  ? std::in_range<Number>(from.get<std::uint64_t>())
                      : from.is_number_integer() ? std::in_range<Number>(from.get<std::int64_t>())
                                                 : false;
    if (!fits) throw json::other_error::create(501, "a number that does not fit", &from);
    from.get_to(to);
}

}  // namespace

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
        take(in.at("format"), out.format);
        if (out.format > kFormat)
            return fail(Errc::kTooNew, "the backup has format " + std::to_string(out.format),
                        {{"version", std::to_string(out.format)}, {"reason", "backup_too_new"}});
        in.at("chain").get_to(out.chain);
        take(in.at("point"), out.point);
        in.at("at").get_to(out.at);
        in.at("replica_id").get_to(out.replica_id);
        take(in.at("epoch"), out.epoch);
        take(in.at("schema_version"), out.schema_version);
        take(in.at("history_seq"), out.history_seq);
        in.at("made_by").get_to(out.made_by);
        take(in.at("page_bytes"), out.size.page_bytes);
        take(in.at("pages"), out.size.pages);
        in.at("content").get_to(out.content);
        for (const auto& [entity, count] : in.at("records").get_ref<const json::object_t&>())
            take(count, out.records[entity]);
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

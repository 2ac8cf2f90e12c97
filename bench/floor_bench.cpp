// The least that a first load of Zoho's contacts can cost: libcurl, simdjson and SQLite, without
// resuming, checking, merging or history. Kontor is measured against it (bench/first_load.py).
// Usage: floor_bench pages|bulk PEER.json DATABASE, where PEER.json is the line that
// kontor-peer-zoho prints. Prints one JSON line.
#include <curl/curl.h>
#include <simdjson.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/floor/csv.hpp"
#include "bench/floor/http.hpp"
#include "bench/floor/table.hpp"

using namespace floor_bench;

namespace {

constexpr std::size_t kVersion = 1;  // Modified_Time in kFields

std::int64_t whole(std::string_view text) {
    std::int64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

void bind_json(Table& table, std::size_t field, simdjson::ondemand::value value) {
    if (value.is_null()) return;
    switch (kFields[field].kind) {
        case Kind::kText:
            return table.text(field, std::string_view(value.get_string()));
        case Kind::kInteger:
            return table.integer(field, std::int64_t(value.get_int64()));
        case Kind::kReal:
            return table.real(field, double(value.get_double()));
        case Kind::kBoolean:
            return table.integer(field, bool(value.get_bool()) ? 1 : 0);
        case Kind::kLookup:
            return table.integer(field, whole(std::string_view(value["id"])));
        case Kind::kNotStored:
            return;
    }
}

void bind_csv(Table& table, std::size_t field, std::string_view value) {
    if (value.empty()) return;
    double real = 0;
    switch (kFields[field].kind) {
        case Kind::kText:
            return table.text(field, value);
        case Kind::kInteger:
        case Kind::kLookup:
            return table.integer(field, whole(value));
        case Kind::kReal:
            std::from_chars(value.data(), value.data() + value.size(), real);
            return table.real(field, real);
        case Kind::kBoolean:
            return table.integer(field, value == "true" ? 1 : 0);
        case Kind::kNotStored:
            return;
    }
}

/// Members come in the order in which the fields were asked for; some may be missing.
std::size_t place_of(std::string_view key, std::size_t expected) {
    for (std::size_t i = expected; i < kFields.size(); ++i)
        if (kFields[i].name == key) return i;
    return kFields.size();
}

void add_json(Table& table, simdjson::ondemand::object record) {
    std::size_t expected = 0;
    std::string_view id;
    std::string_view version;
    for (auto member : record) {
        const std::string_view key = member.unescaped_key();
        const std::size_t place = place_of(key, expected);
        if (place == kFields.size()) {
            if (key == "id") id = member.value();
            continue;
        }
        expected = place + 1;
        if (place == kVersion) {
            version = member.value();
            table.text(place, version);
        } else {
            bind_json(table, place, member.value());
        }
    }
    table.add(id, version);
}

void load_pages(Http& http, const std::string& base, Table& table) {
    const std::string first =
        base + "/crm/v8/Contacts?per_page=200&sort_by=id&sort_order=asc&fields=" + field_list("");
    simdjson::ondemand::parser parser;
    std::string url = first;
    for (bool more = true; more;) {
        const std::string& answer = http.get(url, simdjson::SIMDJSON_PADDING);
        auto page = parser.iterate(answer.data(), answer.size(), answer.capacity());
        for (auto record : page["data"]) add_json(table, record);
        auto info = page["info"];
        more = bool(info["more_records"]);
        if (more)
            url = first + "&page_token=" + std::string(std::string_view(info["next_page_token"]));
    }
}

std::string finished_job(Http& http, const std::string& base, int page, bool& more) {
    simdjson::dom::parser parser;
    const std::string body = R"({"query":{"module":{"api_name":"Contacts"},"fields":[)" +
                             field_list("\"") + R"(],"page":)" + std::to_string(page) +
                             R"(},"file_type":"csv"})";
    const std::string id(std::string_view(
        parser.parse(http.post(base + "/crm/bulk/v8/read", body, "Content-Type: application/json"))
            .at_pointer("/data/0/details/id")));
    for (;;) {
        auto job =
            parser.parse(http.get(base + "/crm/bulk/v8/read/" + id, simdjson::SIMDJSON_PADDING))
                .at_pointer("/data/0");
        if (std::string_view(job["state"]) == "COMPLETED") {
            more = bool(job["result"]["more_records"]);
            return id;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

void load_bulk(Http& http, const std::string& base, Table& table, const std::string& zip) {
    std::vector<std::string_view> row;
    bool more = true;
    for (int page = 1; more; ++page) {
        const std::string job = finished_job(http, base, page, more);
        std::FILE* const file = std::fopen(zip.c_str(), "wb");
        http.download(base + "/crm/bulk/v8/read/" + job + "/result", file);
        std::fclose(file);
        CsvInZip csv(zip);
        csv.next(row);  // the header: id, then the fields as asked for
        while (csv.next(row)) {
            for (std::size_t i = 0; i < kFields.size(); ++i) bind_csv(table, i, row[i + 1]);
            table.add(row[0], row[kVersion + 1]);
        }
    }
    std::filesystem::remove(zip);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 4) {
        std::fprintf(stderr, "usage: floor_bench pages|bulk PEER.json DATABASE\n");
        return 2;
    }
    const std::string path = argv[3];
    simdjson::dom::parser parser;
    const simdjson::dom::object peer = parser.load(argv[2]);
    const auto given = [&](const char* name) { return std::string(std::string_view(peer[name])); };
    const std::string base = given("base_url");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    Http http(given("ca_file"));
    const std::string grant = "grant_type=refresh_token&refresh_token=" + given("refresh_token") +
                              "&client_id=" + given("client_id") +
                              "&client_secret=" + given("client_secret");
    const std::string& token = http.post(given("accounts_url") + "/oauth/v2/token", grant,
                                         "Content-Type: application/x-www-form-urlencoded");
    http.authorise(std::string(std::string_view(parser.parse(token)["access_token"])));

    const auto start = std::chrono::steady_clock::now();
    const auto cpu_start = std::clock();
    Table table(path);
    if (std::strcmp(argv[1], "bulk") == 0)
        load_bulk(http, base, table, path + ".zip");
    else
        load_pages(http, base, table);
    table.finish();
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double cpu = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto records = static_cast<double>(table.records());
    std::printf(
        "{\"mode\":\"%s\",\"records\":%lld,\"wall_s\":%.3f,\"cpu_s\":%.3f,\"records_s\":%.0f,"
        "\"peak_rss_mib\":%.1f,\"bytes_a_record\":%.0f}\n",
        argv[1], static_cast<long long>(table.records()), wall, cpu, records / wall,
        static_cast<double>(usage.ru_maxrss) / 1024,
        static_cast<double>(std::filesystem::file_size(path)) / records);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}

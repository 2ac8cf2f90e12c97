#pragma once

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "plugins/csv/connector.hpp"
#include "tests/support/fake_host.hpp"

namespace kontor::test {

/// The connector on a folder that a test fills.
class CsvFolder {
public:
    explicit CsvFolder(std::string options = "{}")
        : options_(std::move(options)), host_(fake.raw()) {
        fake.clock_ms = 1'800'000'000'000;
    }

    FakeHost fake;

    /// A file that nobody writes to any more.
    void put(const std::string& path, std::string bytes) {
        fake.granted["inbox/" + path] = {std::move(bytes), modified_ms_ += 1'000};
    }
    void remove(const std::string& path) { fake.granted.erase("inbox/" + path); }

    /// As a connector that has just been started: it knows what is in its state.
    csv::Connector connector() { return {host_, R"({"options":)" + options_ + "}"}; }

    sdk::StreamSpec stream(const std::string& name) {
        for (auto& each : connector().describe())
            if (each.name == name) return each;
        FAIL("no stream " << name);
        return {};
    }
    static sdk::FieldSpec field(const sdk::StreamSpec& stream, const std::string& name) {
        for (const auto& each : stream.fields)
            if (each.name == name) return each;
        FAIL("no field " << name);
        return {};
    }

    /// Describes, then pulls all fields of a stream; what came, by the fields' names.
    struct Record {
        abi::Op op;
        std::string id;
        std::map<std::string, std::string> values;  ///< "(null)" for null
    };
    std::vector<Record> pull(const std::string& name) {
        sdk::Request request;
        request.stream = name;
        for (const auto& each : stream(name).fields) request.fields.push_back(each.name);
        fake.clear();
        cursors[name] = connector().pull(request, cursors[name]);
        std::vector<Record> out;
        for (const auto& record : fake.records()) {
            Record copy{record.op, record.id, {}};
            for (const auto& [index, value] : record.fields) {
                auto& text = copy.values[request.fields[index]];
                if (const auto* number = std::get_if<std::int64_t>(&value))
                    text = std::to_string(*number);
                else if (const auto* words = std::get_if<std::string>(&value))
                    text = *words;
                else
                    text = "(null)";
            }
            out.push_back(std::move(copy));
        }
        return out;
    }
    /// A whole round of what was mapped when the folder was connected: at the first call.
    void round() {
        if (mapped.empty())
            for (const auto& each : connector().describe())
                if (each.name != "csv_problems") mapped.insert(each.name);
        sdk::Request request;
        for (const auto& name : mapped) {
            request.stream = name;
            static_cast<void>(connector().pull(request, cursors[name]));
        }
    }
    /// "file:line column code" of each, in order, behind a round.
    std::vector<std::string> problems() {
        round();
        std::vector<std::string> out;
        for (const auto& record : pull("csv_problems")) {
            if (record.op == abi::Op::kDeleted) {
                out.push_back("gone " + record.id);
                continue;
            }
            const auto& v = record.values;
            out.push_back(v.at("file") + ":" + v.at("line") + " " + v.at("column_name") + " " +
                          v.at("code"));
            CHECK_FALSE(v.at("reason").empty());
            CHECK_FALSE(v.at("reason_zh").empty());
        }
        return out;
    }

    std::map<std::string, std::string> cursors;
    std::set<std::string> mapped;

private:
    std::string options_;
    sdk::Host host_;
    std::int64_t modified_ms_ = 1'700'000'000'000;
};

}  // namespace kontor::test

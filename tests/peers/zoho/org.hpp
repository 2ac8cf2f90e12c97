#pragma once
// The simulated organisation: schema, records, clock and settings, shared by all handlers.

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/peers/base/times.hpp"
#include "tests/peers/zoho/generator.hpp"
#include "tests/peers/zoho/model.hpp"
#include "tests/peers/zoho/store.hpp"
#include "tests/peers/zoho/switches.hpp"

namespace kontor::peer::zoho {

struct OrgOptions {
    std::uint64_t seed = 1;
    Generator::Counts counts{};
    std::function<std::int64_t()> clock_ms;  ///< milliseconds since the Unix epoch
    std::int64_t data_end_s = 0;             ///< generated records are older; 0: chosen from clock
    std::string base_url = "https://127.0.0.1";
    Switches switches = make_switches();
};

/// Counts of a whole organisation with so many contacts.
Generator::Counts standard_counts(std::uint64_t contacts);

using Marked = std::set<std::pair<unsigned, Slot>>;  ///< module and record

/// Links of related lists whose records do not look each other up: ids, each pair both ways round.
using Links = std::set<std::pair<std::string, std::string>>;

class Org {
public:
    explicit Org(const OrgOptions& options);
    Org(const Org&) = delete;
    Org& operator=(const Org&) = delete;

    std::int64_t now_ms() const { return clock_ms_() + offset_ms_; }
    std::int64_t now_s() const { return now_ms() / 1000; }
    void advance_ms(std::int64_t by) { offset_ms_ += by; }
    std::int64_t offset_ms() const { return offset_ms_; }
    std::int64_t data_end_s() const { return data_end_s_; }

    ModuleStore& store(const Module& module) { return *stores_[module.number]; }
    const ModuleStore& store(const Module& module) const { return *stores_[module.number]; }

    /// A slot of `module` that the id names, visible or not.
    std::optional<Slot> slot_of(const Module& module, std::string_view id) const;
    /// Visible record of any module.
    bool record_visible(std::string_view id) const;
    const Module* module_of(std::string_view id) const;

    std::uint64_t next_number() { return ++sequence_; }
    std::uint64_t sequence() const { return sequence_; }
    void set_sequence(std::uint64_t value) { sequence_ = value; }
    /// Lower-case hexadecimal, from the seed.
    std::string random_token(std::size_t length);
    double random_fraction();
    void reseed(std::uint64_t seed) { random_.seed(seed); }

    struct Snapshot;
    std::shared_ptr<const Snapshot> snapshot() const;
    void rollback(const Snapshot& snapshot);

    /// Details of an error about an unknown id, as the switch says.
    nlohmann::json unknown_id_details(std::string_view id) const;

    /// Records that await approval; forgotten at the end.
    Marked pending;
    /// Records that somebody has saved as drafts; likewise.
    Marked drafts;
    /// Likewise.
    Links links;

    Catalogue catalogue;
    Switches switches;
    Zone zone;
    std::string base_url;
    std::int64_t late_visible_s = 0;  ///< lists see changes so much later
    std::int64_t tax_percent = 13;    ///< in the formula of Cost_With_Tax

private:
    std::function<std::int64_t()> clock_ms_;
    std::int64_t offset_ms_ = 0;
    std::int64_t data_end_s_;
    Generator generator_;
    std::vector<std::unique_ptr<ModuleStore>> stores_;
    std::uint64_t sequence_ = 5000000;
    std::mt19937_64 random_;
};

struct Org::Snapshot {
    std::vector<std::unique_ptr<ModuleStore>> stores;
};

}  // namespace kontor::peer::zoho

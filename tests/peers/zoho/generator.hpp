#pragma once
// Deterministic records: every value is a function of seed, module, slot and field, so that
// millions of records need no memory until somebody edits them.

#include <array>
#include <cstdint>
#include <string>

#include "tests/peers/zoho/model.hpp"

namespace kontor::peer::zoho {

constexpr std::size_t kMaxModules = 100;

/// Values are appended in *stored form*: JSON text, except that datetimes are epoch seconds and
/// lookups are the quoted id alone. Immutable after construction.
class Generator {
public:
    using Counts = std::array<std::uint64_t, kMaxModules>;

    /// `counts[module number]` records; all of them created before `data_end_s`.
    Generator(const Catalogue& catalogue, std::uint64_t seed, const Counts& counts,
              std::int64_t data_end_s);

    /// Appends the stored form, or nothing when the value is null.
    void append(const Module& module, std::size_t field, std::uint64_t slot,
                std::string& out) const;

    std::int64_t created_s(const Module& module, std::uint64_t slot) const;
    std::int64_t modified_s(const Module& module, std::uint64_t slot) const;
    bool converted(const Module& module, std::uint64_t slot) const;
    std::uint64_t count(const Module& module) const { return counts_[module.number]; }

private:
    struct Person;

    std::uint64_t hash(const Module& module, std::uint64_t slot, std::uint64_t salt) const;
    Person person(const Module& module, std::uint64_t slot) const;
    void append_user(std::uint64_t h, std::string& out) const;
    void append_reference(unsigned module_number, std::uint64_t h, std::string& out) const;
    void append_company(const Module& module, std::uint64_t slot, std::string& out) const;
    void append_place(Make code, const Module& module, std::uint64_t slot, std::string& out) const;
    void append_prose(std::uint64_t h, bool chinese, std::string& out) const;
    void append_items(const Module& module, const Field& field, std::uint64_t slot,
                      std::string& out) const;
    void append_many_module(Make code, std::uint64_t h, std::string& out) const;
    bool append_person(Make code, const Module& module, std::uint64_t slot, std::uint64_t h,
                       std::string& out) const;
    bool append_scalar(const Module& module, const Field& field, std::uint64_t slot,
                       std::uint64_t h, std::string& out) const;
    void append_options(const Field& field, std::uint64_t h, std::string& out) const;

    const Catalogue& catalogue_;
    std::uint64_t seed_;
    Counts counts_;
    std::int64_t data_end_s_;
};

}  // namespace kontor::peer::zoho

#pragma once
// Creates, changes and deletes single records: used by the API, bulk write and the control side.

#include <functional>
#include <optional>
#include <string>

#include "tests/peers/base/behaviour.hpp"
#include "tests/peers/zoho/field_input.hpp"
#include "tests/peers/zoho/org.hpp"
#include "tests/peers/zoho/output.hpp"

namespace kontor::peer::zoho {

struct WriteOptions {
    std::string user_id;
    bool fire_triggers = true;
    std::optional<std::int64_t> unmodified_since;
    std::vector<ExternalKey> external;
    std::string path;              ///< JSON path of the element, `$.data[0]`
    bool layout_rules = false;     ///< apply_feature_execution asks for them
    bool no_layout_rules = false;  ///< skip_feature_execution asks for none
};

struct WriteResult {
    bool ok = false;
    Slot slot = 0;
    Json element;         ///< what data[i] of the answer shows
    std::string details;  ///< its member of that name as JSON text; "": `element` has it
};

enum class ChangeKind { insert, update, remove };
using ChangeListener =
    std::function<void(const Module&, Slot, ChangeKind, const std::vector<std::string>& fields)>;

class RecordWriter {
public:
    RecordWriter(Org& org, Behaviour& behaviour) : org_(org), behaviour_(behaviour) {}

    void listen(ChangeListener listener) { listener_ = std::move(listener); }

    WriteResult insert(const Module& module, const Json& element, const WriteOptions& options);
    WriteResult update(const Module& module, Slot slot, const Json& element,
                       const WriteOptions& options);
    WriteResult remove(const Module& module, std::string_view id, const WriteOptions& options);

    /// Slot of the visible record an element's id names, or the error for it.
    std::optional<Slot> find(const Module& module, const Json& id, const std::string& path,
                             Json& error) const;

    /// Deletes without asking (control side). `permanent` hides who did it and its name.
    void erase(const Module& module, Slot slot, std::string user_id, bool permanent);
    /// Brings roll-ups up to date as well.
    void notify(const Module& module, Slot slot, ChangeKind kind,
                const std::vector<std::string>& fields) const;
    /// All roll-up summaries anew: a change may concern the former parent of a record too.
    void roll_up() const;

    /// Links two visible records, or no longer; false if there is nothing to do.
    bool link(std::string_view one, std::string_view other, bool on);

    /// Formulas, and fields that Zoho fills by itself.
    void compute(const Module& module, Row& row) const;

private:
    /// `row`: the record as stored.
    std::string success_details(const Module& module, Slot slot, const Row& row) const;
    static WriteResult done(Slot slot, std::string details, const char* message);
    std::vector<Json> apply(const Module& module, Row& row, const Json& element,
                            const WriteOptions& options, std::vector<std::string>& changed);
    void check_mandatory(const Module& module, const Row& row, const WriteOptions& options,
                         const Json& element, bool inserting, std::vector<Json>& errors) const;
    void check_layout_rules(const Module& module, const Row& row, const WriteOptions& options,
                            std::vector<Json>& errors) const;
    void touch(std::string_view id) const;
    void touch_parent(const Module& module, const Row& row) const;
    void check_unique(const Module& module, const Row& row, std::optional<Slot> self,
                      const WriteOptions& options, std::vector<Json>& errors) const;
    void run_automation(const Module& module, Row& row, const std::vector<std::string>& changed,
                        const WriteOptions& options) const;
    /// What the switch `automation` does with the account of a deal that is won.
    void run_workflow_of_account(const Module& module, const Row& row,
                                 const std::vector<std::string>& changed,
                                 const WriteOptions& options) const;
    void roll_up(const Module& module, std::size_t field) const;
    std::optional<Json> injected(const Module& module, std::string_view id, const Json& element,
                                 const std::string& path);
    [[nodiscard]] Json refusal_details(const RejectRule& rule, const Module& module,
                                       std::string_view id, const std::string& path) const;
    [[nodiscard]] Json duplicate_details(const Module& module, std::string_view id,
                                         bool more) const;
    std::int64_t visible_from() const;

    Org& org_;
    Behaviour& behaviour_;
    ChangeListener listener_;
};

}  // namespace kontor::peer::zoho

#include "tests/peers/zoho/org.hpp"

#include <algorithm>

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kUsualDataEnd = 1780272000;  // 2026-06-01

std::int64_t choose_data_end(const OrgOptions& options) {
    if (options.data_end_s != 0) return options.data_end_s;
    const std::int64_t today = options.clock_ms() / 1000 / kDaySeconds * kDaySeconds;
    return std::min(kUsualDataEnd, today - kDaySeconds);
}

}  // namespace

Generator::Counts standard_counts(std::uint64_t contacts) {
    Generator::Counts counts{};
    const std::uint64_t divisors[] = {0,  5,  1,  5,  0, 50, 50, 0, 50, 0, 20,
                                      20, 20, 20, 20, 0, 0,  0,  0, 0,  0, 10};
    for (std::size_t i = 1; i < std::size(divisors); ++i)
        counts[i] = divisors[i] == 0 ? 0 : contacts / divisors[i];
    const std::uint64_t few = std::min<std::uint64_t>(contacts / 10, 200);
    counts[1] = contacts / 4;       // Leads
    counts[2] = contacts;           // Contacts
    counts[3] = contacts / 5;       // Accounts
    counts[4] = contacts * 3 / 10;  // Deals
    for (const std::size_t number : {5U, 8U, 10U, 16U, 17U, 18U, 20U, 21U}) counts[number] = few;
    for (const std::size_t number : {6U, 7U, 9U}) counts[number] = contacts / 50;
    for (const std::size_t number : {11U, 12U, 13U, 14U, 15U}) counts[number] = contacts / 20;
    counts[19] = 0;
    counts[22] = contacts / 10;  // Service_Visits
    return counts;
}

Org::Org(const OrgOptions& options)
    : catalogue({options.switches.on("external_field"),
                 options.switches.number("more_external_fields"),
                 options.switches.text("mandatory_fields")}),
      switches(options.switches),
      zone(options.switches.text("user_zone")),
      base_url(options.base_url),
      clock_ms_(options.clock_ms),
      data_end_s_(choose_data_end(options)),
      generator_(catalogue, options.seed, options.counts, data_end_s_),
      random_(options.seed * 7919 + 17) {
    stores_.resize(kMaxModules);
    for (const auto& module : catalogue.modules())
        stores_[module->number] = std::make_unique<ModuleStore>(*module, generator_);
    if (switches.on("unique_email")) {
        for (const char* name : {"Contacts", "Leads"}) {
            Module* module = catalogue.find(name);
            module->fields[*module->find_index("Email")].unique = true;
        }
    }
}

std::optional<Slot> Org::slot_of(const Module& module, std::string_view id) const {
    const auto address = parse_record_id(id);
    if (!address || address->module_number != module.number ||
        address->slot >= store(module).size())
        return std::nullopt;
    return static_cast<Slot>(address->slot);
}

const Module* Org::module_of(std::string_view id) const {
    const auto address = parse_record_id(id);
    return address ? catalogue.by_number(address->module_number) : nullptr;
}

bool Org::record_visible(std::string_view id) const {
    const Module* module = module_of(id);
    if (module == nullptr) return false;
    const auto slot = slot_of(*module, id);
    return slot && store(*module).visible(*slot);
}

nlohmann::json Org::unknown_id_details(std::string_view id) const {
    const std::string& form = switches.text("invalid_id_details");
    nlohmann::json out = nlohmann::json::object();
    if (form != "api_name") out["id"] = id;
    if (form != "id") out["api_name"] = "id";
    return out;
}

std::string Org::random_token(std::size_t length) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    while (out.size() < length) out += kDigits[random_() % 16];
    return out;
}

double Org::random_fraction() {
    return static_cast<double>(random_() >> 11) / static_cast<double>(1ULL << 53);
}

std::shared_ptr<const Org::Snapshot> Org::snapshot() const {
    auto out = std::make_shared<Snapshot>();
    out->stores.resize(stores_.size());
    for (std::size_t i = 0; i < stores_.size(); ++i) {
        if (stores_[i]) out->stores[i] = std::make_unique<ModuleStore>(*stores_[i]);
    }
    return out;
}

void Org::rollback(const Snapshot& snapshot) {
    const bool reuse = switches.on("restore_backup_reuses_ids");
    for (std::size_t i = 0; i < stores_.size(); ++i) {
        if (!stores_[i]) continue;
        const Slot used = stores_[i]->size();
        *stores_[i] = *snapshot.stores[i];
        if (!reuse) stores_[i]->reserve_slots(used);
    }
}

}  // namespace kontor::peer::zoho

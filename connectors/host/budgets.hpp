#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "connectors/host/credit_use.hpp"
#include "connectors/host/sleeper.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// What a request is for. Only kWrite may use the credit reserve, and what serve_writes() says that
/// a write waits for.
enum class Lane : std::uint8_t { kRead, kWrite, kBulk, kMeta };

struct BudgetLimits {
    double requests_per_second = 0;   ///< 0 = no limit
    int concurrency = 0;              ///< requests under way at once; 0 = no limit
    std::int64_t daily_credits = 0;   ///< in any 24 hours; 0 = not known
    std::int64_t credit_reserve = 0;  ///< kept for writes
};

/// Keeps a connection within its remote's limits: request rate, requests under way, and API credits
/// in a rolling 24 hours, which other connections of the same account draw from as well.
/// Thread-safe; the references must outlive it.
class Budgets {
public:
    /// A request under way; ends it when destroyed.
    class Permit {
    public:
        explicit Permit(Budgets& budgets) : budgets_(&budgets) {}
        Permit(Permit&& other) noexcept : budgets_(std::exchange(other.budgets_, nullptr)) {}
        Permit& operator=(Permit&&) = delete;
        ~Permit() {
            if (budgets_) budgets_->finish();
        }

    private:
        Budgets* budgets_;
    };

    /// `own`: what it draws from until it is known whose credits these are.
    Budgets(BudgetLimits limits, const Clock& clock, Sleeper& sleeper,
            std::shared_ptr<CreditUse> own);
    /// With credits of its own, counted in `state_file`.
    Budgets(BudgetLimits limits, const Clock& clock, Sleeper& sleeper, std::string state_file);
    Budgets(const Budgets&) = delete;
    Budgets& operator=(const Budgets&) = delete;

    /// Waits for its turn and counts the credits. kRateLimited with retry_after if they are used up
    /// (then nothing is counted), kCancelled. Its arguments: `reason`, whose limit it is and
    /// whether anything is left for writes; if so, `for_writes`, how much.
    [[nodiscard]] Result<Permit> acquire(Lane lane, std::int64_t credits);
    /// The same without waiting, and only if one more request may be under way besides: nullopt if
    /// it is not its turn. For requests that are made ahead of time.
    [[nodiscard]] std::optional<Permit> try_acquire(Lane lane, std::int64_t credits);
    /// From here on every request is, or is not, one that a write waits for.
    void serve_writes(bool on);
    /// The request surely never reached the remote: its credits were not spent.
    void refund(std::int64_t credits);
    /// The remote says how many credits are left.
    void learn_left(std::int64_t left);
    /// It draws from that account's credits, and what was counted as its own was of them, too.
    void belongs_to(std::shared_ptr<CreditUse> account);

    struct Spending {
        std::int64_t limit = 0;
        std::int64_t left = -1;     ///< -1 = not known
        std::int64_t spent = 0;     ///< since this object was made
        std::int64_t requests = 0;  ///< likewise
    };
    [[nodiscard]] Spending spending() const;

private:
    void finish();
    [[nodiscard]] CreditUse::Limit limit_for(Lane lane) const;
    [[nodiscard]] Error used_up(Lane lane) const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> take_turn();
    void give_turn_back();
    [[nodiscard]] bool spend(Lane lane, std::int64_t credits);

    const BudgetLimits limits_;
    const Clock& clock_;
    Sleeper& sleeper_;
    const std::shared_ptr<CreditUse> own_;

    mutable std::mutex mutex_;
    std::shared_ptr<CreditUse> use_;  // own_, or the account's
    double tokens_ = 1;
    std::chrono::milliseconds refilled_at_;
    int under_way_ = 0;
    bool serves_writes_ = false;
    Spending spending_;
};

}  // namespace kontor::host

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "sync/base/clock.hpp"

namespace kontor::host {

/// What has been spent of one account's API credits in a rolling 24 hours, and what its remote says
/// is left. Kept per hour in a file, so that a restart does not forget it. All that draw from the
/// same credits share one object. Thread-safe; the clock must outlive it.
class CreditUse {
public:
    /// An unreadable file counts as nothing spent.
    CreditUse(const Clock& clock, std::string state_file);
    ~CreditUse();
    CreditUse(const CreditUse&) = delete;
    CreditUse& operator=(const CreditUse&) = delete;

    /// What somebody who draws from it keeps to.
    struct Limit {
        std::int64_t daily = 0;    ///< in any 24 hours, by all; 0 = not known
        std::int64_t reserve = 0;  ///< has to be left afterwards
    };
    [[nodiscard]] bool affords(std::int64_t credits, const Limit& limit) const;
    /// Counts the credits, if it affords them.
    [[nodiscard]] bool spend(std::int64_t credits, const Limit& limit);
    /// They were not spent after all.
    void refund(std::int64_t credits);
    /// The remote says how many are left.
    void learn_left(std::int64_t left);

    struct Standing {
        std::optional<std::int64_t> left;  ///< nullopt: not known
        bool by_limit = false;             ///< `daily` allows no more than the remote does
        std::chrono::milliseconds until_return{};
    };
    [[nodiscard]] Standing standing(std::int64_t daily) const;

    /// What `other` has counted was spent of these credits: moved here.
    void take_over(CreditUse& other);

private:
    // All of them need mutex_.
    void load();
    void save();
    void count(std::int64_t credits);
    [[nodiscard]] std::int64_t hour() const;
    [[nodiscard]] std::int64_t spent_in_24_hours() const;
    [[nodiscard]] std::optional<std::int64_t> left(std::int64_t daily) const;
    [[nodiscard]] bool affords_now(std::int64_t credits, const Limit& limit) const;
    [[nodiscard]] std::chrono::milliseconds until_credits_return() const;

    struct Learned {
        std::int64_t left = 0;
        Instant at;
    };

    const Clock& clock_;
    const std::string state_file_;
    mutable std::mutex mutex_;
    std::map<std::int64_t, std::int64_t> per_hour_;  // hour since the epoch → credits
    std::optional<Learned> learned_;
    std::optional<std::chrono::milliseconds> saved_at_;
};

/// The accounts of a process, each once however many connections draw from it. Thread-safe.
class CreditAccounts {
public:
    /// `folder`: for the accounts that connections share. The clock must outlive it.
    CreditAccounts(const Clock& clock, std::string folder)
        : clock_(clock), folder_(std::move(folder)) {}

    /// Of a connection alone, kept in that file, as long as nobody knows whose credits they are.
    [[nodiscard]] std::shared_ptr<CreditUse> of_file(const std::string& state_file);
    /// Of that account, a name for a file.
    [[nodiscard]] std::shared_ptr<CreditUse> of_account(const std::string& account);

private:
    const Clock& clock_;
    const std::string folder_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<CreditUse>> by_file_;
};

}  // namespace kontor::host

#include "daemon/form/rate_limit.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <vector>

namespace kontor::form {

namespace {
constexpr std::size_t kClientsMax = 20'000;
}  // namespace

bool RateLimit::allow(const std::string& client, Instant now) {
    const auto most = static_cast<double>(per_minute_);
    auto found = buckets_.find(client);
    if (found == buckets_.end()) {
        if (buckets_.size() >= kClientsMax) forget(now);
        found = buckets_.emplace(client, Bucket{most, now}).first;
    }
    auto& bucket = found->second;
    // A clock that was set back fills nothing.
    const auto passed = std::max<std::int64_t>(0, (now - bucket.at).count());
    bucket.tokens = std::min(most, bucket.tokens + most * static_cast<double>(passed) / 60'000);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
}

// Full buckets say nothing; if all are in use, the half that was silent longest goes.
void RateLimit::forget(Instant now) {
    std::erase_if(buckets_,
                  [&](const auto& b) { return now - b.second.at >= std::chrono::minutes(1); });
    if (buckets_.size() < kClientsMax) return;
    std::vector<Instant> times;
    for (const auto& [client, bucket] : buckets_) times.push_back(bucket.at);
    std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
    const auto middle = times[times.size() / 2];
    std::erase_if(buckets_, [&](const auto& b) { return b.second.at <= middle; });
}

std::string client_of(const std::string& peer, const std::string& forwarded) {
    namespace ip = boost::asio::ip;
    auto text = forwarded.substr(forwarded.rfind(',') + 1);
    text.erase(0, text.find_first_not_of(' '));
    if (const auto end = text.find_last_not_of(' '); end != std::string::npos) text.resize(end + 1);
    boost::system::error_code failed;
    auto address = ip::make_address(text, failed);
    if (failed) address = ip::make_address(peer, failed);
    if (failed) return peer;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = ip::make_address_v4(ip::v4_mapped, address.to_v6());
    if (address.is_v4()) return address.to_string();
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return ip::address_v6(bytes).to_string();
}

}  // namespace kontor::form

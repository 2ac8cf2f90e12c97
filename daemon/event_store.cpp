#include "daemon/event_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "connectors/host/atomic_file.hpp"

namespace kontor::app {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFilesPerRing = 4;
// Each start begins a new file; with more than this they are put together.
constexpr std::size_t kFilesMax = 3 * kFilesPerRing;
constexpr std::size_t kFileBytesMax = std::size_t{64} << 20;
constexpr std::string_view kClean = "clean\n";
constexpr std::string_view kEnding = ".events";

std::string name_of(std::int64_t first_id) {
    // Names sort as their numbers do.
    auto digits = std::to_string(first_id);
    return std::string(19 - std::min<std::size_t>(19, digits.size()), '0') + digits +
           std::string(kEnding);
}

std::string line_of(const Event& event) {
    return std::to_string(event.id) + " " + event.type + " " + event.json + "\n";
}

bool read_number(std::string_view text, std::int64_t& out) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    return failed == std::errc() && end == text.data() + text.size() && out >= 0;
}

// False for what is no whole line of ours.
bool read_line(std::string_view line, Event& out) {
    const auto first = line.find(' ');
    const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos || !read_number(line.substr(0, first), out.id))
        return false;
    out.type = line.substr(first + 1, second - first - 1);
    out.json = line.substr(second + 1);
    return !out.type.empty() && out.json.size() >= 2 && out.json.front() == '{' &&
           out.json.back() == '}';
}

// Adds a file's events; whatever is not the next number starts the row anew.
void read_events(const std::string& text, std::size_t capacity, std::deque<Event>& out) {
    std::string_view rest(text);
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        if (end == std::string_view::npos) return;  // cut by a crash
        Event event;
        if (read_line(rest.substr(0, end), event)) {
            if (!out.empty() && event.id != out.back().id + 1) out.clear();
            out.push_back(std::move(event));
            if (out.size() > capacity) out.pop_front();
        }
        rest.remove_prefix(end + 1);
    }
}

std::vector<std::int64_t> files_in(const std::string& folder) {
    std::vector<std::int64_t> out;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        const auto name = at->path().filename().string();
        std::int64_t first = 0;
        if (name.size() > kEnding.size() && name.ends_with(kEnding) &&
            read_number(std::string_view(name).substr(0, name.size() - kEnding.size()), first))
            out.push_back(first);
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

EventStore::EventStore(std::string folder, std::string boot_id, Logger& log)
    : folder_(std::move(folder)), boot_id_(std::move(boot_id)), log_(log) {}

EventStore::Kept EventStore::open(std::int64_t clock_ms, std::size_t capacity) {
    capacity_ = capacity;
    Kept kept;
    if (auto made = host::make_private_folder(folder_); !made)
        log_.warning("events.not_kept", {{"error", made.error().message}});
    files_ = files_in(folder_);
    for (const auto first : files_)
        if (auto text = host::read_file(folder_ + "/" + name_of(first), kFileBytesMax);
            text && *text)
            read_events(**text, capacity, kept.events);

    const auto mark = host::read_file(mark_path(), 256);
    clean_ = mark && *mark && **mark == kClean;
    const bool sure =
        clean_ || (mark && *mark && !boot_id_.empty() && **mark == mark_of_this_boot());
    const auto last = kept.events.empty() ? 0 : kept.events.back().id;
    if (sure && last > 0) {
        kept.next_id = last + 1;
    } else {
        kept.events.clear();
        kept.next_id = std::max({last + 1, clock_ms, files_.empty() ? 0 : files_.back() + 1});
        drop_before(kept.next_id);
    }
    if (files_.size() > kFilesMax) {
        begin();
        std::string whole;
        for (const auto& event : kept.events) whole += line_of(event);
        const auto first = kept.events.front().id;
        drop_before(kept.next_id);
        if (auto written =
                host::replace_file(folder_ + "/" + name_of(first), whole, host::Durability::kQuick);
            written)
            files_.push_back(first);
    }
    return kept;
}

void EventStore::unmark() {
    // Removing a name needs no space.
    ::unlink(mark_path().c_str());
    clean_ = false;
}

// Before anything changes rather than at each start: it waits for the disk.
void EventStore::begin() {
    if (std::exchange(begun_, true)) return;
    clean_ = false;
    if (auto written = host::replace_file(mark_path(), mark_of_this_boot()); !written) {
        // Then the last start's word must not speak for this one.
        unmark();
        log_.warning("events.not_kept", {{"error", written.error().message}});
    }
}

void EventStore::append(const Event& event) {
    begin();
    if (!file_ || in_file_ >= capacity_ / kFilesPerRing) start_file(event.id);
    if (!file_) return;
    const auto line = line_of(event);
    errno = ENOSPC;  // what a short write means
    if (::write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        return failed(errno);
    ++in_file_;
    if (lost_) log_.info("events.kept_again");
    lost_ = told_ = false;
}

void EventStore::start_file(std::int64_t first_id) {
    const auto path = folder_ + "/" + name_of(first_id);
    file_ = host::UniqueFd(::open(
        path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_) return failed(errno);
    in_file_ = 0;
    if (files_.empty() || files_.back() != first_id) files_.push_back(first_id);
    // A file goes when the next one already begins before the ring does.
    const auto ring = first_id - static_cast<std::int64_t>(capacity_);
    while (files_.size() > 1 && files_[1] <= ring) {
        ::unlink((folder_ + "/" + name_of(files_.front())).c_str());
        files_.erase(files_.begin());
    }
}

void EventStore::failed(int error) {
    file_ = {};
    lost_ = true;
    unmark();  // a number is given out that the disk does not know
    if (!told_) log_.warning("events.not_kept", {{"error", std::strerror(error)}});
    told_ = true;
}

void EventStore::drop_before(std::int64_t id) {
    std::erase_if(files_, [&](std::int64_t first) {
        if (first >= id) return false;
        ::unlink((folder_ + "/" + name_of(first)).c_str());
        return true;
    });
}

void EventStore::close() {
    if (lost_) return;
    if (file_) (void)::fdatasync(file_.get());
    file_ = {};
    if (clean_) return;
    if (auto written = host::replace_file(mark_path(), kClean); !written)
        log_.warning("events.not_kept", {{"error", written.error().message}});
}

std::string boot_id() {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string text;
    std::getline(in, text);
    return text;
}

}  // namespace kontor::app

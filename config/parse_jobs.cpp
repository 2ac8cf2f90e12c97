// [jobs], [jobs.alert] and [job.NAME]
#include "config/parse_parts.hpp"

namespace kontor::config {
namespace {

constexpr std::chrono::milliseconds kYear = 366 * 24h;
constexpr std::string_view kEvent = "on ";

/// "deal.stage", "deal.stage = Closed Won".
Result<JobEvent> parse_event(const std::string& text) {
    JobEvent out;
    const auto equals = text.find('=');
    auto what = text.substr(0, equals);
    while (!what.empty() && what.back() == ' ') what.pop_back();
    const auto dot = what.find('.');
    const auto plain = [](const std::string& name) {
        return !name.empty() &&
               name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    };
    if (dot != std::string::npos) {
        out.entity = what.substr(0, dot);
        out.column = what.substr(dot + 1);
    }
    if (!plain(out.entity) || !plain(out.column))
        return fail(Errc::kConfig,
                    "an event is written as on deal.stage, or as on deal.stage = "
                    "Closed Won");
    if (equals != std::string::npos) {
        const auto from = text.find_first_not_of(' ', equals + 1);
        out.becomes = from == std::string::npos ? "" : text.substr(from);
    }
    return out;
}

void read_when(TableReader& in, Job& out) {
    const auto* node = in.any("when");
    if (node == nullptr) return;
    out.when.clear();
    out.times.clear();
    out.events.clear();
    const auto take = [&](const Node& item) {
        if (item.kind != Node::Kind::kText)
            return in.problem(item, "when", "must be a text such as \"daily 02:30\", or a list");
        std::string wrong;
        if (item.text.starts_with(kEvent)) {
            auto event = parse_event(item.text.substr(kEvent.size()));
            if (event)
                out.events.push_back(std::move(*event));
            else
                wrong = event.error().message;
        } else {
            auto time = Schedule::parse(item.text);
            if (time)
                out.times.push_back(*time);
            else
                wrong = time.error().message;
        }
        if (!wrong.empty()) return in.problem(item, "when", wrong);
        out.when.push_back(item.text);
    };
    if (node->kind != Node::Kind::kArray) return take(*node);
    for (const auto& item : node->items) take(item);
}

/// The commands of ours that a job may run, and what each names.
struct Task {
    std::string_view words;   ///< without the name behind them
    std::string_view option;  ///< that may follow; "" = none
};
constexpr Task kTasks[] = {
    {"backup run", ""},   {"backup drill", ""},  {"backup verify", "--read-data"},
    {"feedback act", ""}, {"feedback send", ""}, {"verify", "--all"}};

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (c != ' ')
            out.back() += c;
        else if (!out.back().empty())
            out.emplace_back();
    }
    if (out.back().empty()) out.pop_back();
    return out;
}

/// The one command that names nothing.
constexpr std::string_view kReceive = "feedback receive";

std::string check_task(const std::string& text) {
    if (words_of(text) == words_of(std::string(kReceive))) return "";
    for (const auto& task : kTasks) {
        if (!text.starts_with(std::string(task.words) + " ")) continue;
        const auto rest = words_of(text.substr(task.words.size()));
        const bool option = rest.size() == 2 && !task.option.empty() && rest[1] == task.option;
        if (!rest.empty() && rest[0][0] != '-' && (rest.size() == 1 || option)) return "";
    }
    return "must be one of \"backup run NAME\", \"backup drill NAME\", \"backup verify NAME\" "
           "(--read-data), \"feedback act SURVEY\", \"feedback send SURVEY\", \"feedback "
           "receive\" and \"verify "
           "CONNECTION\" (--all)";
}

void read_conditions(TableReader& in, Job& out) {
    const auto* node = in.array("only_if");
    if (node == nullptr) return;
    out.only_if.clear();
    const std::vector<std::string> known{"mains", "unmetered", "idle"};
    for (const auto& item : node->items) {
        if (item.kind == Node::Kind::kText &&
            std::find(known.begin(), known.end(), item.text) != known.end())
            out.only_if.push_back(item.text);
        else
            in.problem(item, "only_if", "must be a list of mains, unmetered and idle",
                       item.kind == Node::Kind::kText ? nearest(item.text, known) : "");
    }
}

template <class T>
void read_optional(std::optional<T>& out, const std::function<void(T&)>& read, T unset) {
    T value = unset;
    read(value);
    if (value != unset) out = value;
}

std::string check_zone(const std::string& text) {
    return is_time_zone(text) ? "" : "is no time zone of the IANA database, as Asia/Shanghai is";
}

std::string check_webhook(const std::string& text) {
    if (text.starts_with("https://")) return "";
    const bool loopback = text.starts_with("http://127.0.0.1") ||
                          text.starts_with("http://[::1]") || text.starts_with("http://localhost");
    if (loopback || check_secret_reference(text).empty()) return "";
    return "must be a URL that begins with https://, or the reference to a secret that is one";
}

std::string check_smtp(const std::string& text) {
    const bool known = text.starts_with("smtps://") || text.starts_with("smtp://");
    if (!known || text.size() < 9 || text.find('@') != std::string::npos)
        return "must be smtps://host:465, or smtp://host:587 for STARTTLS; name user and password "
               "beside it";
    return "";
}

std::string check_address(const std::string& text) {
    const auto at = text.find('@');
    const bool good = at != std::string::npos && at > 0 && at + 1 < text.size() &&
                      text.find_first_of(" \t\r\n<>,;\"") == std::string::npos;
    return good ? "" : "must be an e-mail address";
}

std::string check_password(const std::string& text) {
    return check_secret_reference(text);
}

void read_alert(TableReader& parent, Alert& out) {
    const auto* node = parent.table("alert");
    if (node == nullptr) return;
    TableReader in(*node, parent.dotted("alert"), parent.into());
    in.texts("command", out.command);
    in.text("webhook", out.webhook, check_webhook);
    in.texts("email", out.email);
    if (const auto* list = node->member("email"); list != nullptr)
        for (const auto& address : out.email)
            if (auto wrong = check_address(address); !wrong.empty())
                in.problem(*list, "email", "'" + address + "' " + wrong);
    in.text("smtp", out.smtp, check_smtp);
    in.text("from", out.from, check_address);
    in.text("user", out.user);
    in.text("password", out.password, check_password);
    read_path(in, "ca_file", out.ca_file);
    in.finish();
}

}  // namespace

void read_jobs(const Node& node, TableReader::Into into, Jobs& out) {
    TableReader in(node, "jobs", into);
    in.text("time_zone", out.time_zone, check_zone);
    in.integer("retries", out.retries.most, 0, 100);
    in.duration("retry_first", out.retries.first, 1s, kYear);
    in.duration("retry_max", out.retries.max, 1s, kYear);
    in.duration("alert_after", out.alert_after, 0s, kYear);
    read_alert(in, out.alert);
    in.finish();
}

void read_job(const Node& node, TableReader::Into into, Job& out) {
    using std::chrono::milliseconds;
    TableReader in(node, "job." + out.name, into);
    std::string task;
    in.text("run", task, check_task);
    if (!task.empty()) out.run = words_of(task);
    in.texts("command", out.command);
    read_when(in, out);
    in.duration("jitter", out.jitter, 0s, 24h);
    read_conditions(in, out);
    in.boolean("catch_up", out.catch_up);
    read_optional<std::int64_t>(
        out.retries, [&](auto& value) { in.integer("retries", value, 0, 100); }, -1);
    const auto duration = [&](const char* key, std::optional<milliseconds>& to, milliseconds min) {
        read_optional<milliseconds>(
            to, [&](auto& value) { in.duration(key, value, min, kYear); }, milliseconds(-1));
    };
    duration("retry_first", out.retry_first, 1s);
    duration("retry_max", out.retry_max, 1s);
    duration("alert_after", out.alert_after, 0s);
    in.duration("timeout", out.timeout, 1s, kYear);
    in.finish();
}

void check_jobs(const Config& config, const Origins& origins, Problems& problems) {
    const auto complain = [&](const std::string& table, const std::string& member,
                              std::string reason) {
        for (const auto& p : problems)
            if (p.key == table + "." + member) return;
        auto place = place_of(origins, table + "." + member);
        if (place.line == 0) place = place_of(origins, table);
        problems.push_back(Problem{place.file, place.line, place.line == 0 ? 0 : 1,
                                   table + "." + member, std::move(reason), ""});
    };
    for (const auto& job : config.job) {
        const auto table = "job." + job.name;
        if (job.run.empty() == job.command.empty())
            complain(table, "run",
                     job.run.empty() ? "is missing: what is to be done? Give run, or "
                                       "command for a program of your own"
                                     : "give either run or command");
        if (job.run.size() > 2 && job.run[0] == "backup" && config.backup(job.run[2]) == nullptr)
            complain(table, "run", "there is no [backup." + job.run[2] + "]");
        if (job.run.size() > 1 && job.run[0] == "verify" &&
            config.connection(job.run[1]) == nullptr)
            complain(table, "run", "there is no [connection." + job.run[1] + "]");
    }
    const auto& alert = config.jobs.alert;
    if (!alert.email.empty() && (alert.smtp.empty() || alert.from.empty()))
        complain("jobs.alert", "smtp", "e-mail needs smtp and from");
    if (alert.user.empty() != alert.password.empty())
        complain("jobs.alert", "password", "give user and password, or neither");
}

}  // namespace kontor::config

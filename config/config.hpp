#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/schedule.hpp"

namespace kontor::config {

using namespace std::chrono_literals;

/// [daemon]
struct Daemon {
    std::string state_dir;            ///< where the replica lies; "" = as paths.hpp says
    std::string socket;               ///< "" = as paths.hpp says
    std::string plugin_dir;           ///< "" = beside the program, else where it was installed
    std::string log_level = "info";   ///< debug info warning error
    std::string log_format = "auto";  ///< auto (journal if stderr is one) text journal
    std::string language;             ///< en zh; "" = from the locale
    bool operator==(const Daemon&) const = default;
};

/// [api]: limits of the local API.
struct Api {
    std::int64_t connections = 64;  ///< open at once
    std::int64_t header_bytes = 16 * 1024;
    std::int64_t body_bytes = 8 * 1024 * 1024;
    std::int64_t json_depth = 64;
    std::chrono::milliseconds read_timeout = 30s;   ///< to receive one whole request
    std::chrono::milliseconds idle_timeout = 60s;   ///< between requests
    std::chrono::milliseconds write_timeout = 30s;  ///< for each piece of an answer
    bool operator==(const Api&) const = default;
};

/// [sync]: what holds for all connections unless they say otherwise.
struct Sync {
    std::chrono::milliseconds interval = 15min;  ///< between two syncs of a connection
    double jitter = 0.1;                         ///< share of the interval by which it varies
    std::chrono::milliseconds edit_delay = 3s;   ///< from a local edit to the sync it causes
    std::chrono::milliseconds retry_first = 5s;  ///< after a failure; doubles
    std::chrono::milliseconds retry_max = 15min;
    std::chrono::milliseconds sweep_every = 24h;     ///< comparison of id lists
    std::chrono::milliseconds metadata_every = 24h;  ///< asking remotes for their fields
    std::int64_t wal_mb = 64;                        ///< the write-ahead log is kept below this
    bool operator==(const Sync&) const = default;
};

/// [connectors]: the processes in which connectors run.
struct Connectors {
    std::string isolation = "process";  ///< none: in kontord itself, where nothing contains them
    std::string landlock = "warn";      ///< require: no connector runs on a kernel without it
    std::int64_t memory_mb = 512;       ///< a connector that wants more is ended
    std::chrono::milliseconds answer_timeout = 60s;  ///< and one that gives no sign of life
    std::chrono::milliseconds processor_time =
        60s;  ///< and one that computes and hands nothing over
    bool operator==(const Connectors&) const = default;
};

/// [search]
struct Search {
    bool enabled = true;
    bool operator==(const Search&) const = default;
};

using Option = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

/// [connection.NAME.guards]
struct Guards {
    std::int64_t deletes = 25;    ///< more deletes in one push ask first; 0 = never ask
    std::int64_t edits = 1'000;   ///< more edits in one push ask first; 0 = never ask
    double missing_share = 0.02;  ///< a sweep that misses more of a stream asks first
    bool operator==(const Guards&) const = default;
};

/// [connection.NAME.sign_in]
struct SignIn {
    std::string kind;  ///< oauth2 app_token bearer basic header none; "" = the only one
    /// What is not secret: client_id (oauth2), user (basic), header (header).
    std::map<std::string, std::string> values;
    bool operator==(const SignIn&) const = default;
};

/// [connection.NAME.limits]; 0 = as the connector says
struct Limits {
    double requests_per_second = 0;
    std::int64_t concurrency = 0;
    std::int64_t daily_credits = 0;
    std::int64_t credit_reserve = -1;  ///< of these, kept for sending edits; -1 = a tenth
    bool operator==(const Limits&) const = default;
};

/// [connection.NAME.folders.FOLDER]: a folder that the connector may use.
struct GrantedFolder {
    std::string path;
    bool write = false;  ///< it may also create files there
    bool operator==(const GrantedFolder&) const = default;
};

/// [connection.NAME]
struct Connection {
    std::string name;
    std::string plugin;
    std::string plugin_sha256;  ///< of the only file that may be run as it, hex; "" = any
    std::map<std::string, Option> options;
    SignIn sign_in;
    std::map<std::string, std::string> secrets;  ///< name → reference, never the secret itself
    std::string ca_file;                         ///< "" = the system's
    std::string proxy;                           ///< "" = none
    std::chrono::milliseconds interval{0};       ///< 0 = [sync] interval
    std::string mapping;                         ///< path; "" = NAME.mapping.toml beside
    bool push = true;                            ///< false: never sends, whatever was switched on
    bool allow_http_loopback = false;
    std::string jurisdiction;  ///< where the remote keeps data, e.g. "CN", "EU"; "" = not said
    std::map<std::string, GrantedFolder> folders;
    Guards guards;
    Limits limits;
    bool operator==(const Connection&) const = default;
};

/// How many backups stay: the newest of so many hours, days … that have one. All 0: every one.
struct Keep {
    std::int64_t last = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0;
    bool operator==(const Keep&) const = default;
};

/// [backup.NAME]: a repository of restic's and what goes there when.
struct Backup {
    std::string name;
    std::string target;    ///< a folder, or as restic names it: sftp:… s3:… rest:… rclone:…
    std::string password;  ///< reference to the passphrase, never itself
    /// Reference to another passphrase, under which all secrets are in the backup; "" = they are
    /// not.
    std::string secrets_password;
    /// Environment variable → reference; `target` → of the target, where its URL holds a password.
    std::map<std::string, std::string> secrets;
    std::map<std::string, std::string> options;  ///< restic's -o: sftp.command, s3.…
    std::string ca_file;                         ///< "" = the system's
    std::int64_t upload_kib = 0;                 ///< a second; 0 = no limit
    std::int64_t download_kib = 0;
    Keep keep;
    bool operator==(const Backup&) const = default;
};

/// What has to happen to a record for a job to run: `deal.stage` changes, or comes to be a value.
struct JobEvent {
    std::string entity, column;
    std::optional<std::string> becomes;
    bool made = false;  ///< without `becomes`: a new record counts as well
    bool operator==(const JobEvent&) const = default;
};

/// How often and when what failed is tried again.
struct JobRetries {
    std::int64_t most = 3;
    std::chrono::milliseconds first = 1min;  ///< doubles
    std::chrono::milliseconds max = 1h;
    bool operator==(const JobRetries&) const = default;
};

/// [job.NAME]: something that kontord does by itself.
struct Job {
    std::string name;
    /// Words of a command of ours: "backup run office"; empty: `command`.
    std::vector<std::string> run;
    std::vector<std::string> command;  ///< another program and its arguments
    std::vector<std::string> when;     ///< as written; read into:
    std::vector<Schedule> times;
    std::vector<JobEvent> events;
    std::chrono::milliseconds jitter{0};  ///< each time is put off by up to this
    std::vector<std::string> only_if;     ///< mains unmetered idle
    bool catch_up = true;                 ///< what was missed is done once when possible
    std::optional<std::int64_t> retries;  ///< else as [jobs] says
    std::optional<std::chrono::milliseconds> retry_first, retry_max;
    std::optional<std::chrono::milliseconds> alert_after;
    std::chrono::milliseconds timeout = 24h;
    /// It has more to do between its times, and says when: a survey's reminders. Not of files.
    bool follows_up = false;
    bool operator==(const Job&) const = default;
};

/// [jobs.alert]: who is told of failures. Any of the ways; all that are given are used.
struct Alert {
    std::vector<std::string> command;  ///< a program and its arguments
    std::string webhook;               ///< URL, or reference to a secret that is one
    std::vector<std::string> email;    ///< recipients
    std::string smtp;                  ///< smtps://host:port, or smtp://host:port with STARTTLS
    std::string from, user;
    std::string password;  ///< reference
    std::string ca_file;   ///< of mail server and webhook; "" = the system's
    bool operator==(const Alert&) const = default;
};

/// [jobs]: what holds for all jobs unless they say otherwise.
struct Jobs {
    std::string time_zone;  ///< "" = the machine's
    JobRetries retries;
    std::chrono::milliseconds alert_after{0};  ///< without a success; 0 = never
    Alert alert;
    bool operator==(const Jobs&) const = default;
};

/// The whole configuration. A plain value; validated by load().
struct Config {
    Daemon daemon;
    Api api;
    Sync sync;
    Search search;
    Connectors connectors;
    std::vector<Connection> connections;  ///< by name
    std::vector<Backup> backups;          ///< by name
    Jobs jobs;
    std::vector<Job> job;  ///< by name

    [[nodiscard]] const Connection* connection(std::string_view name) const;
    [[nodiscard]] const Backup* backup(std::string_view name) const;
    bool operator==(const Config&) const = default;
};

}  // namespace kontor::config

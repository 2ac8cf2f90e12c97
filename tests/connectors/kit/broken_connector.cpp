// The connector that `kontor plugin new` writes, behind a wrapper that breaks one promise of the
// contract at a time (option "break"): for each check of the conformance kit one way to fail it.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#define kontor_connector_entry good_connector_entry
#include "people_connector.cpp"
#undef kontor_connector_entry

namespace {

using kontor::abi::BatchReader;
using kontor::abi::BatchWriter;
using kontor::abi::Op;
using kontor::abi::Tag;
using nlohmann::json;

const kontor_connector& good() {
    return *good_connector_entry();
}

std::string text(kontor_str from) {
    return {from.data ? from.data : "", from.size};
}
kontor_str str(const std::string& from) {
    return {from.data(), from.size()};
}

struct Value {
    std::uint16_t field = 0;
    Tag tag = Tag::kAbsent;
    std::int64_t integer = 0;
    double real = 0;
    std::string text;
};
struct Record {
    Op op = Op::kRecord;
    std::string id, version, key, actor;
    std::vector<Value> values;
};

std::vector<Record> read(kontor_str batch) {
    std::vector<Record> out;
    BatchReader reader({batch.data, batch.size});
    while (const auto record = reader.next()) {
        Record one{record->op,
                   std::string(record->id),
                   std::string(record->version),
                   std::string(record->key),
                   std::string(record->actor),
                   {}};
        BatchReader::Field field;
        for (int i = 0; i < record->count && reader.next_field(field); ++i)
            one.values.push_back(
                {field.field, field.tag, field.integer, field.real, std::string(field.text)});
        out.push_back(std::move(one));
    }
    return out;
}

void write(const std::vector<Record>& records, BatchWriter& out) {
    for (const auto& record : records) {
        out.begin(record.op, record.id, record.version, record.key, record.actor);
        for (const auto& value : record.values) {
            if (value.tag == Tag::kNull) out.add_null(value.field);
            if (value.tag == Tag::kInteger) out.add(value.field, value.integer);
            if (value.tag == Tag::kReal) out.add(value.field, value.real);
            if (value.tag == Tag::kText) out.add(value.field, std::string_view(value.text));
        }
    }
}

// A version whose width is not fixed any more.
std::string shortened(const std::string& version) {
    const auto first = version.find_first_not_of('0');
    return first == std::string::npos ? version : version.substr(first);
}

class Broken {
public:
    Broken(const kontor_host* host, std::string how) : how_(std::move(how)), real_(host) {
        mine_ = *host;
        mine_.size = offsetof(kontor_host, file_read);
        mine_.ctx = this;
        mine_.http = [](void* ctx, kontor_str head, kontor_str body, kontor_http_response* out) {
            return of(ctx).http(head, body, out);
        };
        mine_.emit = [](void* ctx, kontor_str batch, kontor_str checkpoint) {
            return of(ctx).emit(batch, checkpoint);
        };
        mine_.now_ms = [](void* ctx) { return real(ctx)->now_ms(real(ctx)->ctx); };
        mine_.random = [](void* ctx) { return real(ctx)->random(real(ctx)->ctx); };
        mine_.sleep_ms = [](void* ctx, std::int64_t ms) {
            real(ctx)->sleep_ms(real(ctx)->ctx, ms);
        };
        mine_.cancelled = [](void* ctx) { return real(ctx)->cancelled(real(ctx)->ctx); };
        mine_.log = [](void* ctx, std::int32_t level, kontor_str event, kontor_str fields) {
            real(ctx)->log(real(ctx)->ctx, level, event, fields);
        };
        mine_.set_error = [](void* ctx, kontor_str message, kontor_str args) {
            real(ctx)->set_error(real(ctx)->ctx, message, args);
        };
        mine_.progress = [](void* ctx, kontor_str line) {
            real(ctx)->progress(real(ctx)->ctx, line);
        };
        mine_.state_get = [](void* ctx) { return real(ctx)->state_get(real(ctx)->ctx); };
        mine_.state_put = [](void* ctx, kontor_str state) {
            return real(ctx)->state_put(real(ctx)->ctx, state);
        };
    }

    kontor_status open(kontor_str config) { return good().open(&mine_, config, &inner_); }
    void close() { good().close(inner_); }

    kontor_status check(kontor_str* out) {
        const auto status = good().check(inner_, out);
        if (how_ != "identity" || status != KONTOR_OK) return status;
        auto who = json::parse(text(*out));
        who["org_id"] = "org-" + std::to_string(++calls_);
        return give(who.dump(), out);
    }

    kontor_status describe(kontor_str* out) {
        const auto status = good().describe(inner_, out);
        if (status != KONTOR_OK) return status;
        auto streams = json::parse(text(*out));
        for (auto& stream : streams["streams"]) stream["capabilities"]["fetch_with_push"] = true;
        ++calls_;
        if (how_ == "description" && calls_ == 2)
            streams["streams"][0]["fields"].push_back({{"name", "ghost"}, {"type", "text"}});
        if (how_ == "schema_change") {
            if (first_description_.empty()) first_description_ = streams.dump();
            return give(first_description_, out);
        }
        return give(streams.dump(), out);
    }

    kontor_status pull(kontor_str request, kontor_str cursor, kontor_str* out) {
        begin(request, "pull");
        whole_ = cursor.size == 0;
        std::string from = text(cursor);
        resumed_ = from.find('|') != std::string::npos;
        if (how_ == "unchanged") from.clear();
        // Behind the last stamp, although more may have it by now.
        if (how_ == "new_seen" && !whole_ && !resumed_) from += "|~";
        auto status = good().pull(inner_, request, str(from), out);
        if (how_ == "resume" && whole_ && status == KONTOR_OK) status = hand_over_early();
        const bool spoilt = (how_ == "spoilt_pull" && status == KONTOR_E_PROTOCOL) ||
                            (how_ == "server_down" && status == KONTOR_E_UNAVAILABLE);
        if (spoilt) return give("2026-01-01T00:00:00.000Z", out);
        if (how_ == "limits" && status == KONTOR_E_RATE_LIMITED) return KONTOR_E_INTERNAL;
        if (how_ == "cancel" && status == KONTOR_E_CANCELLED) return KONTOR_E_UNAVAILABLE;
        return status;
    }

    kontor_status list_ids(kontor_str request, std::int32_t* complete) {
        begin(request, "list_ids");
        const auto status = good().list_ids(inner_, request, complete);
        if (how_ != "spoilt_list" || status != KONTOR_E_PROTOCOL) return status;
        *complete = 1;
        return KONTOR_OK;
    }

    kontor_status fetch(kontor_str request) {
        begin(request, "fetch");
        return good().fetch(inner_, request);
    }

    kontor_status find(kontor_str request) {
        begin(request, "find");
        const auto status = good().find(inner_, request);
        return how_ == "spoilt_find" && status == KONTOR_E_PROTOCOL ? KONTOR_OK : status;
    }

    kontor_status push(kontor_str request, kontor_str batch, kontor_str* out) {
        auto asked = json::parse(text(request));
        if (asked.contains("fetch")) read_beside(asked);
        begin(request, "push");
        auto changes = read(batch);
        const auto sent = changes;
        for (auto& change : changes) spoil_change(change);
        BatchWriter writer;
        write(changes, writer);
        const auto bytes = writer.bytes();
        asked["fields"] = fields_;
        const auto ask = asked.dump();
        const auto status = good().push(inner_, str(ask), {bytes.data(), bytes.size()}, out);
        if (status != KONTOR_OK) return status;
        auto results = json::parse(text(*out));
        spoil_results(results["results"], sent);
        return give(results.dump(), out);
    }

private:
    static Broken& of(void* ctx) { return *static_cast<Broken*>(ctx); }
    static const kontor_host* real(void* ctx) { return of(ctx).real_; }

    kontor_status give(std::string what, kontor_str* out) {
        out_ = std::move(what);
        *out = str(out_);
        return KONTOR_OK;
    }

    void begin(kontor_str request, std::string call) {
        fields_.clear();
        const auto asked = json::parse(text(request));
        for (const auto& field : asked.value("fields", json::array()))
            fields_.push_back(field.get<std::string>());
        call_ = std::move(call);
        first_batch_ = true;
        held_.clear();
    }

    // What a push is asked to read meanwhile; broken, it counts by the fields of the changes.
    void read_beside(const json& push) {
        auto asked = push["fetch"];
        asked["stream"] = push["stream"];
        if (how_ == "fetch_with_push") asked["fields"] = push["fields"];
        const auto ask = asked.dump();
        begin(str(ask), "read_beside");
        // What cannot be read is left out.
        (void)good().fetch(inner_, str(ask));
    }

    [[nodiscard]] std::string name_of(const Value& value) const {
        return value.field < fields_.size() ? fields_[value.field] : "";
    }
    [[nodiscard]] bool says(const Record& record, std::string_view what) const {
        return std::ranges::any_of(record.values, [&](const Value& value) {
            return name_of(value) == "name" && value.text.starts_with(what);
        });
    }

    kontor_status http(kontor_str head, kontor_str body, kontor_http_response* out) {
        const auto status = real_->http(real_->ctx, head, body, out);
        if (how_ != "log_secrets" || status != KONTOR_OK || out->status != 500) return status;
        // For debugging, a connector dumps what it does not understand.
        std::string hex;
        for (const char c : text(out->body)) {
            constexpr char kDigits[] = "0123456789abcdef";
            hex += kDigits[static_cast<unsigned char>(c) >> 4U];
            hex += kDigits[static_cast<unsigned char>(c) & 15U];
        }
        log("dump", {{"body", hex}});
        return status;
    }

    void log(const std::string& event, const json& fields) const {
        const auto dumped = fields.dump();
        real_->log(real_->ctx, 1, str(event), str(dumped));
    }

    kontor_status emit(kontor_str batch, kontor_str checkpoint) {
        if (how_ == "resume" && call_ == "pull" && whole_) {
            held_.emplace_back(text(batch), text(checkpoint));
            return KONTOR_OK;
        }
        auto records = read(batch);
        if (how_ == "find" && call_ == "find")
            std::erase_if(records, [&](const Record& one) { return says(one, "Person"); });
        if (how_ == "list_ids" && call_ == "list_ids")
            std::erase_if(records, [](const Record& one) { return one.id == "p00001"; });
        if (call_ == "pull") spoil_pulled(records);
        for (auto& record : records) spoil_record(record);
        first_batch_ = false;
        BatchWriter writer;
        write(records, writer);
        const auto bytes = writer.bytes();
        return real_->emit(real_->ctx, {bytes.data(), bytes.size()}, checkpoint);
    }

    void spoil_pulled(std::vector<Record>& records) {
        constexpr std::size_t kFew = 16;  // less than the batch, more than a moment else holds
        if (how_ == "pull" && whole_ && first_batch_ && !records.empty())
            records.push_back(records.front());
        // Looking back is allowed, with what is as new as before.
        if (how_.starts_with("look_back")) {
            if (whole_ && first_batch_ && !records.empty())
                oldest_ = records.front();
            else if (whole_ || resumed_)
                records.insert(records.begin(), oldest_);
            if (whole_ && how_ == "look_back_older") oldest_.version = "0";
        }
        if (how_ == "delete_seen")
            std::erase_if(records, [](const Record& one) { return one.op == Op::kDeleted; });
        if (whole_ || resumed_) return;
        if (how_ == "batch_seen")
            for (; records.size() > kFew; records.pop_back()) dropped_.insert(records.back().id);
        std::erase_if(records, [&](const Record& one) { return dropped_.contains(one.id); });
        if (how_ == "change_seen")
            std::erase_if(records, [&](const Record& one) { return says(one, "changed"); });
    }

    void spoil_record(Record& record) const {
        if (how_ == "change_during" && call_ == "pull" && says(record, "meanwhile"))
            record.values.clear();
        if (how_ == "version_moves") record.version = shortened(record.version);
        if (how_ == "fetch" && call_ == "fetch" && record.id <= "p00170") record.version = "0";
        if (how_ == "fetch_unknown" && record.op == Op::kMissing && !record.id.starts_with("p"))
            record.op = Op::kForbidden;
        if (how_ == "forms")
            for (auto& value : record.values)
                if (name_of(value) == "created") value.text.pop_back();  // the Z
    }

    // Each checkpoint goes out with the batch before its own.
    kontor_status hand_over_early() {
        for (std::size_t i = 0; i < held_.size(); ++i) {
            const auto& checkpoint = held_[std::min(i + 1, held_.size() - 1)].second;
            const auto status = real_->emit(real_->ctx, str(held_[i].first), str(checkpoint));
            if (status != KONTOR_OK) return status;
        }
        return KONTOR_OK;
    }

    void spoil_change(Record& change) {
        const bool create = change.op == Op::kCreate, update = change.op == Op::kUpdate;
        if (how_ == "create" && create && ++creates_ == 1)
            std::erase_if(change.values, [&](const Value& v) { return name_of(v) == "email"; });
        if (how_ == "create_twice" && create && !keys_.insert(change.key).second) change.key += "x";
        if (how_ == "stale_version") change.version.clear();
        for (auto& value : change.values) {
            if (how_ == "log_data" && name_of(value) == "name")
                log("writes", {{"name", value.text}});
            if (how_ == "values" && update && value.text.find("😀") != std::string::npos)
                value.text = "?";
            if (how_ == "settled" && update && name_of(value) == "phone" && value.tag == Tag::kText)
                value.text = "0" + value.text;
        }
        // The form of a web page: what is not filled in is blank.
        if (how_ == "patch" && update && says(change, "patch")) {
            fields_.emplace_back("email");
            const auto at = static_cast<std::uint16_t>(fields_.size() - 1);
            change.values.push_back({at, Tag::kNull, 0, 0, {}});
        }
    }

    void spoil_results(json& results, const std::vector<Record>& sent) {
        const auto bad =
            std::ranges::any_of(results, [](const json& one) { return one["status"] != "ok"; });
        if (how_ == "batch_full" && results.size() == 20)
            std::reverse(results.begin(), results.end());
        for (std::size_t i = 0; i < results.size(); ++i) {
            auto& result = results[i];
            const auto op = sent[i].op;
            const bool unknown = result["status"] == "unknown";
            if (how_ == "batch_partial" && results.size() == 3 && bad) result["status"] = "invalid";
            if (how_ == "version_moves" && result.contains("version"))
                result["version"] = shortened(result["version"].get<std::string>());
            const bool denies = (how_ == "lost_create" && op == Op::kCreate) ||
                                (how_ == "lost_update" && op == Op::kUpdate) ||
                                (how_ == "lost_delete" && op == Op::kDelete);
            if (denies && unknown) result["status"] = "retry";
            if (how_ == "refused_write" && op == Op::kUpdate && unknown) result["status"] = "ok";
            if (how_ == "write_unknown" && op == Op::kUpdate && !sent[i].id.starts_with("p"))
                result["status"] = "ok";
            if (how_ == "delete_fetched" && op == Op::kDelete && result["status"] == "missing")
                result["status"] = "invalid";
        }
    }

    const std::string how_;
    const kontor_host* real_;
    kontor_host mine_{};
    kontor_instance* inner_ = nullptr;
    std::string out_, first_description_, call_;
    std::vector<std::string> fields_;
    std::vector<std::pair<std::string, std::string>> held_;
    std::set<std::string> keys_, dropped_;
    Record oldest_;
    int calls_ = 0, creates_ = 0;
    bool whole_ = false, resumed_ = false, first_batch_ = true;
};

Broken& self(kontor_instance* raw) {
    return *reinterpret_cast<Broken*>(raw);
}

kontor_str spec() {
    static const std::string all = [] {
        auto out = json::parse(text(good().spec()));
        out["options"].push_back({{"name", "break"}, {"type", "text"}, {"default", ""}});
        return out.dump();
    }();
    return str(all);
}

kontor_status open(const kontor_host* host, kontor_str config, kontor_instance** out) {
    const auto options = json::parse(text(config)).at("options");
    auto broken = std::make_unique<Broken>(host, options.value("break", ""));
    const auto status = broken->open(config);
    if (status == KONTOR_OK) *out = reinterpret_cast<kontor_instance*>(broken.release());
    return status;
}

void close(kontor_instance* raw) {
    self(raw).close();
    delete &self(raw);
}

const kontor_connector kBroken = {
    sizeof(kontor_connector),
    KONTOR_ABI_VERSION,
    {"broken", 6},
    {"1.0.0", 5},
    spec,
    open,
    close,
    [](kontor_instance* raw, kontor_str* out) { return self(raw).check(out); },
    [](kontor_instance* raw, kontor_str* out) { return self(raw).describe(out); },
    [](kontor_instance* raw, kontor_str request, kontor_str cursor, kontor_str* out) {
        return self(raw).pull(request, cursor, out);
    },
    [](kontor_instance* raw, kontor_str request, std::int32_t* complete) {
        return self(raw).list_ids(request, complete);
    },
    [](kontor_instance* raw, kontor_str request) { return self(raw).fetch(request); },
    [](kontor_instance* raw, kontor_str request) { return self(raw).find(request); },
    [](kontor_instance* raw, kontor_str request, kontor_str batch, kontor_str* out) {
        return self(raw).push(request, batch, out);
    },
    [](kontor_instance*, kontor_str* out) {
        *out = {"{}", 2};
        return KONTOR_OK;
    }};

}  // namespace

extern "C" __attribute__((visibility("default"))) const kontor_connector* kontor_connector_entry(
    void);
const kontor_connector* kontor_connector_entry(void) {
    return &kBroken;
}

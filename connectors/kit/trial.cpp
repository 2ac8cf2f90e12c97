#include "connectors/kit/trial.hpp"

#include <algorithm>

#include "connectors/host/redactor.hpp"
#include "connectors/kit/bench.hpp"

namespace kontor::kit {
namespace {

using host::HttpRequest;
using host::HttpResponse;
using remote::StreamSpec;

constexpr std::size_t kAnswerMax = 400;

std::string cut(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    if (text.size() <= kAnswerMax) return text;
    auto end = kAnswerMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end) + "…";
}

/// Secrets that are read are known to the redactor.
class ToldSecrets final : public host::SecretStore {
public:
    ToldSecrets(host::SecretStore& inner, host::Redactor& redactor)
        : inner_(inner), redactor_(redactor) {}
    [[nodiscard]] Result<host::Secret> read(std::string_view reference) const override {
        auto secret = inner_.read(reference);
        if (secret) redactor_.add(*secret);
        return secret;
    }
    Result<> write(std::string_view reference, const host::Secret& secret) override {
        return inner_.write(reference, secret);
    }

private:
    host::SecretStore& inner_;
    host::Redactor& redactor_;
};

/// Remembers the last request and its answer.
class Recorder {
public:
    explicit Recorder(host::Redactor& redactor) : redactor_(redactor) {}

    void ask(const HttpRequest& request) {
        for (const auto& header : request.secret_headers) redactor_.add(header.value);
        last_.emplace();
        last_->method = request.method;
        last_->url = redactor_.apply(request.told_url.empty() ? request.url : request.told_url);
    }
    void hear(const Result<HttpResponse>& answer) {
        if (!last_ || !answer) return;
        last_->status = answer->status;
        auto outline = outline_of(answer->body, places_);
        last_->is_json = outline.is_json;
        last_->lists = std::move(outline.lists);
        last_->members = std::move(outline.members);
        last_->fields = std::move(outline.fields);
        const bool good = answer->status / 100 == 2;
        last_->answer = good && outline.is_json ? outline.text : cut(redactor_.apply(answer->body));
    }
    /// What is asked from now on is asked for records that have these places.
    void begin(const Places& places) {
        last_.reset();
        places_ = places;
    }
    void forget() { last_.reset(); }
    [[nodiscard]] const std::optional<Asked>& last() const { return last_; }

private:
    host::Redactor& redactor_;
    std::optional<Asked> last_;
    Places places_;
};

class RecordingClient final : public host::HttpClient {
public:
    RecordingClient(Recorder& recorder, std::unique_ptr<host::HttpClient> inner)
        : recorder_(recorder), inner_(std::move(inner)) {}

    Result<HttpResponse> send(const HttpRequest& request) override {
        recorder_.ask(request);
        auto answer = inner_->send(request);
        recorder_.hear(answer);
        return answer;
    }
    Result<std::unique_ptr<host::Exchange>> begin(const HttpRequest& request) override {
        recorder_.ask(request);
        auto inner = inner_->begin(request);
        if (!inner) return inner;
        return std::unique_ptr<host::Exchange>(new Heard(recorder_, std::move(*inner)));
    }

private:
    class Heard final : public host::Exchange {
    public:
        Heard(Recorder& recorder, std::unique_ptr<host::Exchange> inner)
            : recorder_(recorder), inner_(std::move(inner)) {}
        bool arrived() override { return inner_->arrived(); }
        Result<HttpResponse> finish() override {
            auto answer = inner_->finish();
            recorder_.hear(answer);
            return answer;
        }

    private:
        Recorder& recorder_;
        std::unique_ptr<host::Exchange> inner_;
    };

    Recorder& recorder_;
    std::unique_ptr<host::HttpClient> inner_;
};

/// Fields whose values a connector says it could not read.
class OddFields final : public Logger {
public:
    void log(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
        if (!event.ends_with("odd_value")) return;
        std::string stream, field;
        for (const auto& each : fields) {
            if (each.key == "stream") stream = each.value;
            if (each.key == "field") field = each.value;
        }
        all_.emplace_back(std::move(stream), std::move(field));
    }
    [[nodiscard]] std::vector<std::string> of(const std::string& stream) const {
        std::vector<std::string> out;
        for (const auto& [name, field] : all_)
            if (name == stream) out.push_back(field);
        return out;
    }

private:
    std::vector<std::pair<std::string, std::string>> all_;
};

class TrialRun {
public:
    TrialRun(const TrialOptions& options, const Deps& deps)
        : options_(options), secrets_(deps.secrets, redactor_), recorder_(redactor_), deps_(deps) {}

    Trial run() {
        if (!open()) return std::move(out_);
        auto identity = remote_->check();
        if (identity) out_.identity = std::move(*identity);
        if (!identity) out_.problem = Problem{"check", identity.error(), recorder_.last()};
        // Where the server does not know us or is not there, nothing else will do.
        const bool answered = recorder_.last() && recorder_.last()->status != 0;
        if (!identity && (!answered || identity.error().code == Errc::kUnauthenticated))
            return std::move(out_);
        auto streams = remote_->describe();
        if (!streams) {
            out_.problem = Problem{"describe", streams.error(), recorder_.last()};
            return std::move(out_);
        }
        for (const auto& stream : *streams) out_.names.push_back(stream.name);
        for (const auto& stream : *streams)
            if (options_.streams.empty() || options_.streams.contains(stream.name))
                out_.streams.push_back(look(stream));
        forget_what_is_told_twice();
        return std::move(out_);
    }

private:
    bool open() {
        auto settings = options_.connection;
        settings.retry.attempts_max = 2;
        host::ConnectionDeps deps{deps_.clock, deps_.random, odd_, secrets_};
        deps.stop = options_.stop;
        auto own = deps_.http ? deps_.http() : nullptr;
        deps.wrap_http = [&](std::unique_ptr<host::HttpClient> curl) {
            return std::make_unique<RecordingClient>(recorder_,
                                                     own ? std::move(own) : std::move(curl));
        };
        auto opened = host::open_connection(settings, deps);
        if (!opened) {
            out_.problem = Problem{"open", opened.error(), recorder_.last()};
            return false;
        }
        remote_ = std::move(*opened);
        return true;
    }

    // Without a request of its own, the check is the first list.
    void forget_what_is_told_twice() {
        for (const auto& stream : out_.streams)
            for (const auto& each : stream.problems)
                if (out_.problem && each.error.message == out_.problem->error.message)
                    return out_.problem.reset();
    }

    TriedStream look(const StreamSpec& stream) {
        TriedStream out;
        out.name = stream.name;
        out.fields = names_of(stream);
        const auto known = options_.places.find(stream.name);
        const auto places = known == options_.places.end() ? Places() : known->second;
        out.fields_at = places.fields;
        recorder_.begin(places);
        Collector first;
        first.after_batch = [&](std::size_t) -> Result<> {
            if (!out.asked) out.asked = recorder_.last();
            if (options_.all || first.images.size() < options_.records) return {};
            return fail(Errc::kCancelled, "enough");
        };
        const auto cursor = remote_->pull(stream.name, out.fields, {}, first);
        const bool enough = !options_.all && first.images.size() >= options_.records;
        if (!cursor && !enough) out.problems.push_back({"pull", cursor.error(), recorder_.last()});
        out.records = std::move(first.images);
        if (out.records.size() > options_.records) out.records.resize(options_.records);
        out.nowhere = nowhere(stream, out.records);
        if (cursor) try_changes(stream, *cursor, out);
        if (stream.can.fetch && !out.records.empty()) try_fetch(stream, out);
        out.odd = odd_.of(stream.name);
        return out;
    }

    static std::vector<std::string> nowhere(const StreamSpec& stream,
                                            const std::vector<Image>& records) {
        std::vector<std::string> out;
        if (records.empty()) return out;
        for (const auto& field : stream.fields)
            if (std::ranges::all_of(records, [&](const Image& image) {
                    return value_of(stream, image, field.name).is_absent();
                }))
                out.push_back(field.name);
        return out;
    }

    void try_changes(const StreamSpec& stream, const std::string& cursor, TriedStream& out) {
        Collector changes;
        recorder_.forget();
        const auto next = remote_->pull(stream.name, out.fields, cursor, changes);
        if (!next) out.problems.push_back({"changes", next.error(), recorder_.last()});
    }

    void try_fetch(const StreamSpec& stream, TriedStream& out) {
        const auto& image = out.records.front();
        const std::vector<std::string> ids{image.id};
        Collector fetched;
        recorder_.forget();
        const auto done = remote_->fetch(stream.name, out.fields, ids, fetched);
        if (!done) {
            out.problems.push_back({"fetch", done.error(), recorder_.last()});
        } else if (fetched.images.empty() || fetched.images[0].fact != remote::Fact::kRecord) {
            out.problems.push_back(
                {"fetch",
                 Error{
                     Errc::kNotFound, "the record is in the list and not found by its id", {}, {}},
                 recorder_.last()});
        } else if (const auto* field = difference(stream, image, fetched.images[0])) {
            out.differs = field->name;
        }
    }

    const TrialOptions& options_;
    host::Redactor redactor_;
    ToldSecrets secrets_;
    Recorder recorder_;
    OddFields odd_;
    const Deps deps_;
    std::unique_ptr<remote::Remote> remote_;
    Trial out_;
};

}  // namespace

Trial try_reading(const TrialOptions& options, const Deps& deps) {
    return TrialRun(options, deps).run();
}

}  // namespace kontor::kit

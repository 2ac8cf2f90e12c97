#include "connectors/kit/bench.hpp"

#include <algorithm>
#include <thread>

#include "connectors/host/trust.hpp"

namespace kontor::kit {
namespace {

using namespace std::chrono_literals;
using remote::Change;
using remote::ChangeOp;
using remote::FieldSpec;
using remote::FieldType;
using remote::StreamSpec;

constexpr auto kLookAgain = 200ms;
constexpr std::size_t kIdsToReferTo = 3;

}  // namespace

const Image* Pulled::find(std::string_view id) const {
    const auto found = std::find_if(images.rbegin(), images.rend(),
                                    [&](const Image& image) { return image.id == id; });
    return found == images.rend() ? nullptr : &*found;
}

std::vector<std::string> names_of(const StreamSpec& stream) {
    std::vector<std::string> out;
    for (const auto& field : stream.fields) out.push_back(field.name);
    return out;
}

Value value_of(const StreamSpec& stream, const Image& image, std::string_view field) {
    for (std::size_t i = 0; i < image.fields.size() && i < stream.fields.size(); ++i)
        if (stream.fields[i].name == field) return image.fields[i];
    return {};
}

Value value_of(const Change& change, std::string_view field) {
    const auto found = std::ranges::find(change.fields, field, &remote::FieldChange::field);
    return found == change.fields.end() ? Value() : found->value;
}

const FieldSpec* difference(const StreamSpec& stream, const Image& a, const Image& b) {
    const auto shown = std::min({a.fields.size(), b.fields.size(), stream.fields.size()});
    for (std::size_t i = 0; i < shown; ++i)
        if (!a.fields[i].is_absent() && !b.fields[i].is_absent() && !(a.fields[i] == b.fields[i]))
            return &stream.fields[i];
    return nullptr;
}

Change update_of(const std::string& id, const std::string& field, Value value,
                 const std::string& expect_version) {
    return {.op = ChangeOp::kUpdate,
            .id = id,
            .key = {},
            .expect_version = expect_version,
            .fields = {{field, std::move(value)}}};
}

Change remove_of(const std::string& id) {
    return {.op = ChangeOp::kDelete, .id = id, .key = {}, .expect_version = {}, .fields = {}};
}

Bench::Bench(const Options& options, const Deps& deps)
    : options_(options),
      deps_(deps),
      trust_(std::make_shared<host::KeptTrust>()),
      watch_(deps.secrets) {
    token_ = "k" + deps.random.uid().substr(0, 8);
}

Bench::~Bench() = default;

Result<std::unique_ptr<remote::Remote>> Bench::connect(Network* network, std::stop_token stop,
                                                       const std::string& folder) {
    auto settings = options_.connection;
    settings.state_folder += "/" + folder;
    settings.spool_folder = settings.state_folder;
    // Faults are many, and a person waits.
    settings.retry.backoff = {.first = 20ms, .max = 200ms};
    settings.retry.attempts_max = 4;
    settings.retry.unreached_attempts_max = 3;
    host::ConnectionDeps deps{deps_.clock, deps_.random, watch_, watch_};
    deps.trust = trust_;
    deps.stop = std::move(stop);
    std::unique_ptr<host::HttpClient> own = deps_.http ? deps_.http() : nullptr;
    const bool given = own != nullptr;
    deps.wrap_http = [&, network](std::unique_ptr<host::HttpClient> curl) {
        auto inner = given ? std::move(own) : std::move(curl);
        return network ? network->before(std::move(inner), settings.spool_folder)
                       : std::move(inner);
    };
    if (network)
        deps.wrap_stream = [network](std::unique_ptr<host::ByteStream> inner) {
            return network->before(std::move(inner));
        };
    return host::open_connection(settings, deps);
}

Result<> Bench::open() {
    auto opened = connect(&network_, options_.stop, "tested");
    if (!opened) return pass(opened);
    remote_ = std::move(*opened);
    auto described = remote_->describe();
    if (!described) return pass(described);
    streams_ = std::move(*described);
    return {};
}

Result<remote::Remote*> Bench::colleague() {
    if (!colleague_) {
        auto opened = connect(nullptr, {}, "colleague");
        if (!opened) return pass(opened);
        colleague_ = std::move(*opened);
    }
    return colleague_.get();
}

Result<std::unique_ptr<remote::Remote>> Bench::another(Network& network, std::stop_token stop) {
    return connect(&network, std::move(stop), "another" + std::to_string(++connections_));
}

Result<Pulled> Bench::pull(const StreamSpec& stream, std::string_view cursor) {
    Collector collector;
    const auto before = network_.requests();
    auto next = remote_->pull(stream.name, names_of(stream), cursor, collector);
    if (!next) return pass(next);
    return Pulled{std::move(collector.images), std::move(collector.checkpoints), std::move(*next),
                  network_.requests() - before};
}

Result<const Pulled*> Bench::whole(const StreamSpec& stream) {
    const auto kept = whole_.find(stream.name);
    if (kept != whole_.end()) return &kept->second;
    network_.calm();
    auto pulled = pull(stream, {});
    if (!pulled) return pass(pulled);
    return &(whole_[stream.name] = std::move(*pulled));
}

Result<std::vector<Image>> Bench::fetch(remote::Remote& by, const StreamSpec& stream,
                                        const std::vector<std::string>& ids) {
    Collector collector;
    if (auto done = by.fetch(stream.name, names_of(stream), ids, collector); !done)
        return pass(done);
    return std::move(collector.images);
}

Result<std::vector<Image>> Bench::find(remote::Remote& by, const StreamSpec& stream,
                                       const std::string& field,
                                       const std::vector<std::string>& values) {
    Collector collector;
    if (auto done = by.find(stream.name, names_of(stream), field, values, collector); !done)
        return pass(done);
    return std::move(collector.images);
}

Result<Image> Bench::truth(const StreamSpec& stream, const std::string& id) {
    auto other = colleague();
    if (!other) return pass(other);
    auto images = fetch(**other, stream, {id});
    if (!images) return pass(images);
    if (images->empty()) return fail(Errc::kProtocol, "fetch handed nothing over");
    return std::move(images->front());
}

Result<> Bench::learn_ids(const StreamSpec& stream) {
    for (const auto& field : stream.fields) {
        if (field.type != FieldType::kReference || !can_try(stream, field, true)) continue;
        for (const auto& target : field.references) {
            if (known_ids_.contains(target)) continue;
            auto& ids = known_ids_[target];
            const auto spec = std::ranges::find(streams_, target, &StreamSpec::name);
            if (spec == streams_.end()) continue;
            auto pulled = whole(*spec);
            if (!pulled) return pass(pulled);
            for (const auto& image : (*pulled)->images)
                if (image.fact == remote::Fact::kRecord && ids.size() < kIdsToReferTo)
                    ids.push_back(image.id);
        }
    }
    return {};
}

Seed Bench::seed(const StreamSpec&) {
    return {.token = token_, .number = next_number_++, .ids = known_ids_};
}

const FieldSpec* Bench::mark_field(const StreamSpec& stream) {
    const FieldSpec* best = nullptr;
    for (const auto& field : stream.fields) {
        const bool text = field.type == FieldType::kText || field.type == FieldType::kLongText;
        const bool room = field.max_length == 0 || field.max_length >= 30;
        if (!text || !room || !can_try(stream, field, false) || field.unique || field.may_be_cut)
            continue;
        if (!best || (field.required && !best->required)) best = &field;
    }
    return best;
}

Result<Change> Bench::sample(const StreamSpec& stream) {
    if (auto learnt = learn_ids(stream); !learnt) return pass(learnt);
    const auto from = seed(stream);
    const auto* mark = mark_field(stream);
    Change out{.op = ChangeOp::kCreate,
               .id = {},
               .key = deps_.random.uid(),
               .expect_version = {},
               .fields = {}};
    for (const auto& field : stream.fields) {
        const auto given = options_.values.find(stream.name + "." + field.name);
        if (given != options_.values.end()) {
            out.fields.push_back({field.name, Value(given->second)});
            continue;
        }
        if (!can_try(stream, field, true)) continue;
        const bool contact = field.type == FieldType::kEmail || field.type == FieldType::kPhone;
        if (!field.required && &field != mark && !contact) continue;
        auto value = sample_of(field, from);
        if (!value && field.required)
            return fail(Errc::kUnsupported, "no value is known for a required field",
                        {{"field", stream.name + "." + field.name}});
        if (value) out.fields.push_back({field.name, std::move(*value)});
    }
    return out;
}

Result<std::vector<remote::PushResult>> Bench::push_all(remote::Remote& by,
                                                        const StreamSpec& stream,
                                                        const std::vector<Change>& changes) {
    whole_.erase(stream.name);
    auto results = by.push(stream.name, changes);
    if (!results) return results;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto& result = (*results)[i];
        if (result.status != remote::PushStatus::kOk) continue;
        if (changes[i].op == ChangeOp::kCreate) remember(stream, result.id);
        if (changes[i].op == ChangeOp::kDelete) forget(stream.name, changes[i].id);
    }
    return results;
}

Pushed Bench::push(remote::Remote& by, const StreamSpec& stream, const Change& change) {
    auto results = push_all(by, stream, {change});
    if (!results) return pass(results);
    return std::move(results->front());
}

Result<Image> Bench::create(remote::Remote& by, const StreamSpec& stream) {
    auto change = sample(stream);
    if (!change) return pass(change);
    const auto pushed = push(by, stream, *change);
    if (!pushed || pushed->status != remote::PushStatus::kOk)
        return fail(Errc::kInvalid, words_of(pushed));
    return truth(stream, pushed->id);
}

void Bench::next_moment(const StreamSpec& stream) {
    std::this_thread::sleep_for(std::chrono::milliseconds(stream.can.modified_resolution_ms) +
                                50ms);
}

void Bench::remember(const StreamSpec& stream, const std::string& id) {
    const std::pair made{stream.name, id};
    if (!id.empty() && std::ranges::find(made_, made) == made_.end()) made_.push_back(made);
}

void Bench::forget(const std::string& stream, const std::string& id) {
    std::erase(made_, std::pair{stream, id});
}

std::vector<LeftBehind> Bench::clean_up() {
    network_.calm();
    std::vector<LeftBehind> left;
    // The last first: what refers to others goes before them.
    while (!made_.empty()) {
        const auto name = made_.back().first;
        const auto stream = std::ranges::find(streams_, name, &StreamSpec::name);
        const auto other = colleague();
        std::vector<Change> removals;
        const auto most = stream == streams_.end()
                              ? std::size_t{1}
                              : static_cast<std::size_t>(std::max(1, stream->can.push_batch_max));
        while (!made_.empty() && made_.back().first == name && removals.size() < most) {
            removals.push_back(remove_of(made_.back().second));
            made_.pop_back();
        }
        const bool can = other && stream != streams_.end() && stream->can.remove;
        const auto results =
            can ? push_all(**other, *stream, removals)
                : fail(Errc::kUnsupported, other ? "cannot delete" : other.error().message);
        for (std::size_t i = 0; i < removals.size(); ++i) {
            const auto pushed =
                results ? Pushed((*results)[i]) : Pushed(tl::unexpected(results.error()));
            const bool gone = pushed && (pushed->status == remote::PushStatus::kOk ||
                                         pushed->status == remote::PushStatus::kMissing);
            if (gone) continue;
            left.push_back({name, removals[i].id, can ? words_of(pushed) : pushed.error().message});
        }
    }
    return left;
}

Result<bool> Bench::eventually(const std::function<Result<bool>()>& true_now) const {
    const auto end = std::chrono::steady_clock::now() + options_.patience;
    while (true) {
        auto now = true_now();
        if (!now || *now) return now;
        if (std::chrono::steady_clock::now() >= end || options_.stop.stop_requested()) return false;
        std::this_thread::sleep_for(kLookAgain);
    }
}

}  // namespace kontor::kit

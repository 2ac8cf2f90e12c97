#include "daemon/cli/trial_view.hpp"

#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using kit::Asked;
using kit::Problem;
using kit::Trial;
using kit::TriedStream;
using nlohmann::json;

json value_json(const Value& value) {
    switch (value.kind()) {
        case Kind::kInteger:
            return value.integer();
        case Kind::kReal:
            return value.real();
        case Kind::kText:
            return value.text();
        case Kind::kAbsent:
        case Kind::kNull:
            break;
    }
    return nullptr;
}

/// What in the file to look at; "" if the error says it.
std::string advice_of(const Problem& problem) {
    switch (problem.error.code) {
        case Errc::kUnauthenticated:
            return "sign_in";
        case Errc::kPermission:
            return "rights";
        case Errc::kUnavailable:
        case Errc::kRateLimited:
        case Errc::kTimeout:
            return problem.asked && problem.asked->status != 0 ? "later" : "";
        default:
            break;
    }
    if (!problem.asked || problem.asked->status == 0) return "";
    if (problem.asked->status == 404 || problem.asked->status == 405) return "address";
    if (!problem.asked->is_json && problem.asked->status / 100 == 2) return "not_json";
    return problem.error.code == Errc::kProtocol ? "shape" : "request";
}

std::string joined(Context& context, const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) {
        const auto shown = word.empty() ? context.text("cli.try.advice.whole") : word;
        out += (out.empty() ? "" : context.text("cli.list.between")) + shown;
    }
    return out.empty() ? context.text("cli.try.advice.none") : out;
}

json asked_json(const std::optional<Asked>& asked) {
    if (!asked) return nullptr;
    return {{"method", asked->method}, {"url", asked->url},     {"status", asked->status},
            {"answer", asked->answer}, {"lists", asked->lists}, {"members", asked->members},
            {"fields", asked->fields}};
}

json problem_json(const Problem& problem) {
    return {{"doing", problem.doing},
            {"code", to_string(problem.error.code)},
            {"message", problem.error.message},
            {"advice", advice_of(problem)},
            {"request", asked_json(problem.asked)}};
}

json stream_json(const TriedStream& stream) {
    json records = json::array();
    for (const auto& image : stream.records) {
        json fields = json::object();
        for (std::size_t i = 0; i < image.fields.size() && i < stream.fields.size(); ++i)
            if (!image.fields[i].is_absent())
                fields[stream.fields[i]] = value_json(image.fields[i]);
        records.push_back({{"id", image.id}, {"version", image.version}, {"fields", fields}});
    }
    json problems = json::array();
    for (const auto& problem : stream.problems) problems.push_back(problem_json(problem));
    return {{"stream", stream.name},
            {"records", std::move(records)},
            {"nowhere", stream.nowhere},
            {"odd", stream.odd},
            {"differs", stream.differs ? json(*stream.differs) : json(nullptr)},
            {"problems", std::move(problems)}};
}

void print_json(Context& context, const Trial& trial, bool sound) {
    json streams = json::array();
    for (const auto& stream : trial.streams) streams.push_back(stream_json(stream));
    json identity;
    if (trial.identity)
        identity = {{"org_id", trial.identity->org_id},
                    {"org_name", trial.identity->org_name},
                    {"user_id", trial.identity->user_id},
                    {"user_name", trial.identity->user_name}};
    context.print_json({{"ok", sound},
                        {"identity", std::move(identity)},
                        {"problem", trial.problem ? problem_json(*trial.problem) : json(nullptr)},
                        {"streams", std::move(streams)}});
}

class View {
public:
    explicit View(Context& context) : context_(context) {}

    void identity(const remote::Identity& who) {
        const auto user = who.user_name.empty() ? who.user_id : who.user_name;
        context_.note(context_.text(user.empty() ? "cli.try.signed_in" : "cli.try.signed_in.as",
                                    {{"user", one_line(user)}, {"org", one_line(who.org_name)}}));
    }

    void problem(const Problem& problem, const std::string& stream) {
        say("cli.try.doing." + problem.doing,
            {{"stream", stream}, {"error", context_.said(problem.error.message)}}, Paint::kRed);
        if (const auto& asked = problem.asked) {
            say("cli.try.asked", {{"request", asked->method + " " + asked->url}});
            if (asked->status == 0)
                say("cli.try.no_answer", {});
            else
                say("cli.try.came",
                    {{"status", std::to_string(asked->status)}, {"answer", asked->answer}});
        }
        const auto advice = advice_of(problem);
        if (advice.empty()) return;
        messages::Args args;
        if (problem.asked)
            args = {{"lists", joined(context_, problem.asked->lists)},
                    {"members", joined(context_, problem.asked->members)}};
        say("cli.try.change", {{"advice", context_.text("cli.try.advice." + advice, args)}});
    }

    void stream(const TriedStream& stream) {
        records(stream);
        for (const auto& each : stream.problems) problem(each, stream.name);
        if (!stream.nowhere.empty()) nowhere(stream);
        if (!stream.odd.empty())
            say("cli.try.odd", {{"stream", stream.name}, {"fields", joined(context_, stream.odd)}},
                Paint::kYellow);
        if (stream.differs)
            say("cli.try.differs", {{"stream", stream.name}, {"field", *stream.differs}},
                Paint::kYellow);
    }

private:
    void nowhere(const TriedStream& stream) {
        const auto asked = stream.asked.value_or(Asked());
        const bool below = !stream.fields_at.empty();
        const auto* key = !below                 ? "cli.try.nowhere"
                          : asked.fields.empty() ? "cli.try.nowhere.nothing_at"
                                                 : "cli.try.nowhere.at";
        say(key,
            {{"stream", stream.name},
             {"fields", joined(context_, stream.nowhere)},
             {"place", stream.fields_at},
             {"members",
              joined(context_, below && !asked.fields.empty() ? asked.fields : asked.members)}},
            Paint::kYellow);
    }

    void say(const std::string& key, const messages::Args& args, Paint paint = Paint::kPlain) {
        const auto line = one_line(context_.text(key, args));
        context_.warn(paint == Paint::kPlain ? "  " + line : context_.paint_err(paint, line));
    }

    void records(const TriedStream& stream) {
        if (stream.records.empty()) {
            if (stream.problems.empty())
                context_.print(context_.text("cli.try.none", {{"stream", stream.name}}));
            return;
        }
        context_.print(context_.paint(Paint::kBold, one_line(stream.name)));
        Table table;
        table.columns.push_back({"id"});
        for (const auto& field : stream.fields) table.columns.push_back({field});
        for (const auto& image : stream.records) {
            std::vector<std::string> row{image.id};
            for (const auto& value : image.fields) row.push_back(cell(value_json(value)));
            table.add(std::move(row));
        }
        context_.print(table);
    }

    Context& context_;
};

}  // namespace

std::size_t show_trial(Context& context, const Trial& trial) {
    std::size_t wrong = trial.problem ? 1 : 0;
    for (const auto& stream : trial.streams)
        wrong += stream.problems.size() + (stream.nowhere.empty() ? 0 : 1) +
                 (stream.odd.empty() ? 0 : 1) + (stream.differs ? 1 : 0);
    if (context.json()) {
        print_json(context, trial, wrong == 0);
        return wrong;
    }
    View view(context);
    if (trial.identity) view.identity(*trial.identity);
    if (trial.problem) view.problem(*trial.problem, {});
    for (const auto& stream : trial.streams) view.stream(stream);
    return wrong;
}

}  // namespace kontor::cli

#include <algorithm>
#include <utility>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::sdk {
namespace {

// Rebuilds the document bottom-up while it is parsed. Unlike a DOM it sees the text of each number.
class Canonicaliser final : public nlohmann::json_sax<Json> {
public:
    explicit Canonicaliser(int depth_max) : depth_max_(static_cast<std::size_t>(depth_max)) {}

    bool null() override { return value("null"); }
    bool boolean(bool flag) override { return value(flag ? "true" : "false"); }
    bool number_integer(number_integer_t number) override { return value(std::to_string(number)); }
    bool number_unsigned(number_unsigned_t number) override {
        return value(std::to_string(number));
    }
    bool number_float(number_float_t, const string_t& token) override {
        std::string text;
        return append_decimal(token, text) && value(std::move(text));
    }
    bool string(string_t& text) override {
        std::string quoted;
        append_json_string(text, quoted);
        return value(std::move(quoted));
    }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(); }
    bool start_array(std::size_t) override { return open(); }
    bool key(string_t& name) override {
        open_.back().key = name;
        return true;
    }
    bool end_object() override {
        Frame frame = close();
        // Stable, so that of equal keys the last one is the last of its run.
        std::stable_sort(frame.items.begin(), frame.items.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        std::string out = "{";
        for (std::size_t i = 0; i < frame.items.size(); ++i) {
            if (i + 1 < frame.items.size() && frame.items[i].first == frame.items[i + 1].first)
                continue;
            if (out.size() > 1) out.push_back(',');
            append_json_string(frame.items[i].first, out);
            out.append(1, ':').append(frame.items[i].second);
        }
        return value(out += '}');
    }
    bool end_array() override {
        const Frame frame = close();
        std::string out = "[";
        for (const auto& item : frame.items) {
            if (out.size() > 1) out.push_back(',');
            out.append(item.second);
        }
        return value(out += ']');
    }
    bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
        return false;
    }

    std::string result;

private:
    struct Frame {
        std::string key;
        std::vector<std::pair<std::string, std::string>> items;
    };
    bool open() {
        if (open_.size() >= depth_max_) return false;
        open_.emplace_back();
        return true;
    }
    Frame close() {
        Frame frame = std::move(open_.back());
        open_.pop_back();
        return frame;
    }
    bool value(std::string text) {
        if (open_.empty())
            result = std::move(text);
        else
            open_.back().items.emplace_back(open_.back().key, std::move(text));
        return true;
    }

    std::size_t depth_max_;
    std::vector<Frame> open_;
};

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;  // char is signed: also no UTF-8
    });
    if (plain) {
        out.append(1, '"').append(text).append(1, '"');
        return;
    }
    out += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string canonical_list(std::vector<std::string> items) {
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    std::string out = "[";
    for (const auto& item : items) {
        if (out.size() > 1) out.push_back(',');
        append_json_string(item, out);
    }
    return out += ']';
}

std::string canonical_json(std::string_view json, int depth_max) {
    Canonicaliser canonicaliser(depth_max);
    if (!Json::sax_parse(json.begin(), json.end(), &canonicaliser))
        throw Error(KONTOR_E_PROTOCOL, "a value is no JSON or nested too deeply");
    return std::move(canonicaliser.result);
}

}  // namespace kontor::sdk

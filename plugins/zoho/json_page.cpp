#include "plugins/zoho/json_page.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"

namespace kontor::zoho {
namespace {

using simdjson::ondemand::json_type;
using Value = simdjson::ondemand::value;
using Object = simdjson::ondemand::object;

// Behind the text, so that comparing a key never reads past the buffer.
constexpr std::size_t kPadding = 512;
static_assert(kPadding >= simdjson::SIMDJSON_PADDING);
constexpr std::size_t kKeySizeMax = 256;
constexpr std::size_t kCellsMax = 4096;

constexpr std::size_t kIdSizeMax = 64;  // Zoho's are numbers of some 18 digits

// What a key of a record means.
enum class Role : std::uint8_t {
    kIgnore,
    kColumn,
    kId,
    kModified,
    kModifier,
    kTargetModule,
    kMore
};

struct Slot {
    std::string key;
    Role role = Role::kIgnore;
    const Column* column = nullptr;

    // By which a person knows it.
    [[nodiscard]] std::string name() const {
        if (column != nullptr) return column->field->spec.name;
        return role == Role::kId ? "id" : std::string();
    }
};

// A value read, kept until the record is complete: id and version, which go first, may come last.
struct Cell {
    const Column* column = nullptr;
    abi::Tag tag = abi::Tag::kNull;
    bool in_arena = false;
    std::int64_t integer = 0;
    const char* data = nullptr;
    std::size_t offset = 0, size = 0;
};

std::string_view scalar(Value& value) {
    std::string_view token = value.raw_json_token();
    while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ')
        token.remove_suffix(1);
    return token;
}

// The library speaks of its own parts; a person wants to know what is wrong with the text.
const char* what_is_wrong(simdjson::error_code error) {
    switch (error) {
        case simdjson::UTF8_ERROR:
            return "a text that is not UTF-8";
        case simdjson::DEPTH_ERROR:
            return "JSON nested too deeply";
        case simdjson::INCORRECT_TYPE:
            return "not of the form that Zoho sends";
        case simdjson::CAPACITY:
        case simdjson::MEMALLOC:
            return "too large to be read";
        default:
            return "not valid JSON";
    }
}

[[noreturn]] void refuse(const char* why) {
    throw sdk::Error(KONTOR_E_PROTOCOL, why);
}

}  // namespace

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= kIdSizeMax &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class PageReader::Impl {
public:
    explicit Impl(const Columns& columns) : columns_(columns) {}

    Page read(std::string_view body, abi::BatchWriter& out, const Mode& mode) {
        mode_ = mode;
        page_ = Page();
        position_ = 0;
        id_ = {};
        at_ = nullptr;
        try {
            parse(body, out);
        } catch (const simdjson::simdjson_error& error) {
            throw located(looks_like_html(body) ? "an HTML page, not Zoho's JSON"
                                                : what_is_wrong(error.error()));
        } catch (const sdk::Error& error) {
            throw located(error.what());
        }
        return std::move(page_);
    }

private:
    // Why the page is refused, with the stream, the record and the field where the reader was.
    [[nodiscard]] sdk::Error located(const char* why) const {
        const std::string& stream = columns_.module().name;
        std::string where = "a page of " + stream + ": ";
        const std::string field = at_ == nullptr ? std::string() : at_->name();
        if (position_ > 0) {
            const std::string number = "no. " + std::to_string(position_) + " of the page";
            where += "record " + (is_id(id_) ? std::string(id_) : number);
            where += field.empty() ? ": " : ", field " + field + ": ";
        }
        sdk::Error error(KONTOR_E_PROTOCOL, where + why);
        error.stream(stream).field(field);
        return error;
    }

    static bool looks_like_html(std::string_view body) {
        const auto first = body.find_first_not_of(" \t\r\n");
        return first != std::string_view::npos && body[first] == '<';
    }

    void parse(std::string_view body, abi::BatchWriter& out) {
        if (buffer_.size() < body.size() + kPadding) buffer_.resize(body.size() + kPadding);
        std::memcpy(buffer_.data(), body.data(), body.size());
        std::memset(buffer_.data() + body.size(), ' ', kPadding);
        simdjson::ondemand::document document =
            parser_.iterate(buffer_.data(), body.size(), buffer_.size());
        bool found = false;
        const std::string_view records = columns_.module().is_users() ? "users" : "data";
        for (auto field : document.get_object()) {
            const std::string_view key = field.unescaped_key();
            if (key == records) {
                found = true;
                for (auto element : field.value().get_array()) {
                    ++position_;
                    id_ = {};
                    Object object = element.get_object();
                    record(object, out);
                }
                position_ = 0;
            } else if (key == "info") {
                Value value = field.value();
                if (!is_null(value)) info(value.get_object());
            }
        }
        // Behind the document there is nothing to stand on: any location means more text.
        if (document.current_location().error() == simdjson::SUCCESS)
            refuse("more text than one JSON");
        if (!found) refuse("no list of records");
    }

    static bool is_null(Value& value) { return json_type(value.type()) == json_type::null; }

    void info(Object object) {
        for (auto field : object) {
            const std::string_view key = field.unescaped_key();
            Value value = field.value();
            if (key == "more_records" && json_type(value.type()) == json_type::boolean)
                page_.more = value.get_bool();
            else if (key == "next_page_token" && json_type(value.type()) == json_type::string)
                page_.next_token = std::string(std::string_view(value.get_string()));
        }
    }

    // Zoho writes the keys of every record in the same order: what came k-th last time is tried
    // first.
    const Slot& slot(simdjson::ondemand::field& field, std::size_t position) {
        const auto key = field.key();
        if (position < slots_.size()) {
            const Slot& expected = slots_[position];
            if (!expected.key.empty() && key.unsafe_is_equal(expected.key)) return expected;
        }
        const std::string_view name = field.unescaped_key();
        if (position >= slots_.size()) slots_.resize(std::min(position + 1, kCellsMax));
        Slot& fresh = position < slots_.size() ? slots_[position] : overflow_;
        fresh = classify(name);
        return fresh;
    }

    [[nodiscard]] Slot classify(std::string_view name) const {
        Slot out;
        // Only names without escapes may be compared raw.
        if (name.size() <= kKeySizeMax && name.find_first_of("\"\\") == std::string_view::npos)
            out.key = name;
        out.column = columns_.find(name);
        if (out.column != nullptr) out.role = Role::kColumn;
        if (name == "id") out.role = Role::kId;
        if (name == "Modified_Time" || name == "modified_time") out.role = Role::kModified;
        if (name == "Modified_By") out.role = Role::kModifier;
        if (name == "$se_module") out.role = Role::kTargetModule;
        if (name == "$has_more") out.role = Role::kMore;
        return out;
    }

    void record(Object& object, abi::BatchWriter& out) {
        cells_.clear();
        arena_.clear();
        more_.clear();
        id_ = target_module_ = actor_ = {};
        version_size_ = 0;
        cut_ = false;
        std::size_t position = 0;
        for (auto field : object) {
            simdjson::ondemand::field plain;
            if (const auto error = std::move(field).get(plain))
                throw simdjson::simdjson_error(error);
            const Slot& which = slot(plain, position++);
            Value value = plain.value();
            at_ = &which;
            switch (which.role) {
                case Role::kIgnore:
                    break;
                case Role::kColumn:
                    cell(*which.column, value);
                    break;
                case Role::kId:
                    id_ = json_type(value.type()) == json_type::string
                              ? std::string_view(value.get_string())
                              : scalar(value);
                    if (!is_id(id_)) refuse("an id that is none of Zoho's");
                    break;
                case Role::kModified:
                    modified(value, which.column);
                    break;
                case Role::kModifier:
                    modifier(value, which.column);
                    break;
                case Role::kTargetModule:
                    if (json_type(value.type()) == json_type::string)
                        target_module_ = value.get_string();
                    break;
                case Role::kMore:
                    has_more(value);
                    break;
            }
            at_ = nullptr;
        }
        if (id_.empty()) refuse("it has no id");
        write(out);
    }

    void write(abi::BatchWriter& out) {
        const std::string_view version(version_, version_size_);
        ++page_.records;
        page_.last_id = id_;
        if (mode_.ids) page_.ids.emplace_back(id_);
        if (mode_.only_ids) {
            out.begin(abi::Op::kId, id_, version);
            return;
        }
        out.begin(abi::Op::kRecord, id_, version, {}, actor_);
        for (const Cell& each : cells_) {
            const std::uint16_t index = each.column->index;
            const std::string_view text(each.in_arena ? arena_.data() + each.offset : each.data,
                                        each.size);
            if (!more_.empty() && std::find(more_.begin(), more_.end(),
                                            each.column->field->spec.name) != more_.end()) {
                cut_ = true;
                continue;
            }
            switch (each.tag) {
                case abi::Tag::kNull:
                    out.add_null(index);
                    break;
                case abi::Tag::kInteger:
                    out.add(index, each.integer);
                    break;
                default:
                    if (each.column->kind == Kind::kAnyReference)
                        any_reference(out, *each.column, text);
                    else
                        out.add(index, text);
            }
        }
        if (cut_) page_.cut.emplace_back(id_);
    }

    // Without the module an id means nothing: then it stays absent.
    void any_reference(abi::BatchWriter& out, const Column& column, std::string_view text) {
        if (text.find(':') != std::string_view::npos) {
            out.add(column.index, text);
            return;
        }
        std::string_view target = target_module_;
        const auto& references = column.field->spec.references;
        if (column.field->spec.name == "Who_Id" || target.empty())
            target = references.size() == 1 ? std::string_view(references[0]) : std::string_view();
        if (target.empty() && column.field->spec.name == "Who_Id") target = "Contacts";
        if (target.empty()) return;
        reference_.assign(target).append(1, ':').append(text);
        out.add(column.index, std::string_view(reference_));
    }

    void modified(Value& value, const Column* column) {
        if (json_type(value.type()) != json_type::string) {
            if (column != nullptr && is_null(value)) null(*column);
            return;
        }
        const std::string_view text = value.get_string();
        const auto ms = sdk::parse_instant(text);
        if (!ms) return;
        sdk::format_instant(*ms, version_);
        version_size_ = sdk::kInstantSize;
        if (*ms < page_.newest_ms) page_.ordered = false;
        page_.newest_ms = std::max(page_.newest_ms, *ms);
        if (column != nullptr) arena(*column, std::string_view(version_, version_size_));
    }

    void modifier(Value& value, const Column* column) {
        if (json_type(value.type()) == json_type::object) {
            actor_ = reference_id(value);
            if (column != nullptr && !actor_.empty()) borrowed(*column, actor_);
        } else if (column != nullptr && is_null(value)) {
            null(*column);
        }
    }

    void has_more(Value& value) {
        if (json_type(value.type()) != json_type::object) return;
        for (auto field : value.get_object()) {
            const std::string_view name = field.unescaped_key();
            Value flag = field.value();
            if (json_type(flag.type()) == json_type::boolean && bool(flag.get_bool()))
                more_.push_back(name);
        }
    }

    void null(const Column& column) { cells_.push_back({&column}); }
    void integer(const Column& column, std::int64_t number) {
        Cell cell{&column};
        cell.tag = abi::Tag::kInteger;
        cell.integer = number;
        cells_.push_back(cell);
    }
    // Text that lives as long as the page.
    void borrowed(const Column& column, std::string_view text) {
        Cell cell{&column};
        cell.tag = abi::Tag::kText;
        cell.data = text.data();
        cell.size = text.size();
        cells_.push_back(cell);
    }
    void arena(const Column& column, std::string_view text) {
        Cell cell{&column};
        cell.tag = abi::Tag::kText;
        cell.in_arena = true;
        cell.offset = arena_.size();
        cell.size = text.size();
        arena_.append(text);
        cells_.push_back(cell);
    }

    static std::string_view raw_structure(Value& value) {
        if (json_type(value.type()) == json_type::object) {
            Object object = value.get_object();
            return object.raw_json();
        }
        simdjson::ondemand::array array = value.get_array();
        return array.raw_json();
    }

    void cell(const Column& column, Value& value) {
        if (cells_.size() >= kCellsMax) refuse("the same key too often");
        switch (json_type(value.type())) {
            case json_type::null:
                if (!bool(value.is_null())) refuse("not valid JSON");
                null(column);
                break;
            case json_type::boolean:
                if (const bool flag = value.get_bool(); column.kind == Kind::kBoolean)
                    integer(column, flag ? 1 : 0);
                else
                    borrowed(column, flag ? "true" : "false");
                break;
            case json_type::number:
                number(column, scalar(value));
                break;
            case json_type::string:
                string(column, value);
                break;
            case json_type::object:
                object(column, value);
                break;
            case json_type::array:
                array(column, value);
                break;
        }
    }

    static std::string number_json(std::string_view token) {
        try {
            return sdk::canonical_json(token);
        } catch (const sdk::Error&) {
            refuse("no number, or one of too many digits");
        }
    }

    // The token is kept as it came, so that no digit is lost in a double.
    void number(const Column& column, std::string_view token) {
        const std::size_t at = arena_.size();
        if (column.kind == Kind::kJson || !sdk::append_decimal(token, arena_)) {
            arena_.resize(at);
            arena(column, number_json(token));
            return;
        }
        const std::string_view text(arena_.data() + at, arena_.size() - at);
        const bool numeric = column.kind == Kind::kInteger || column.kind == Kind::kDecimal ||
                             column.kind == Kind::kBoolean;
        if (const auto whole = numeric ? sdk::as_integer(text) : std::nullopt; whole) {
            arena_.resize(at);
            integer(column, *whole);
            return;
        }
        Cell cell{&column};
        cell.tag = abi::Tag::kText;
        cell.in_arena = true;
        cell.offset = at;
        cell.size = text.size();
        cells_.push_back(cell);
    }

    void string(const Column& column, Value& value) {
        if (column.kind == Kind::kJson) {
            arena(column, sdk::canonical_json(scalar(value)));
            return;
        }
        const std::string_view text = value.get_string();
        switch (column.kind) {
            case Kind::kInteger:
            case Kind::kDecimal:
                text.empty() ? null(column) : number_text(column, text);
                break;
            case Kind::kBoolean:
                if (text == "true" || text == "false")
                    integer(column, text == "true" ? 1 : 0);
                else
                    borrowed(column, text);
                break;
            case Kind::kInstant:
                instant(column, text);
                break;
            case Kind::kChoice:
                choice(column, text);
                break;
            case Kind::kList:
            case Kind::kTags:
                list_.assign(1, std::string(text));
                arena(column, sdk::canonical_list(std::exchange(list_, {})));
                break;
            case Kind::kReference:
            case Kind::kAnyReference:
                text.empty() ? null(column) : borrowed(column, text);
                break;
            case Kind::kRichText:
                if (mode_.list && text.size() >= kRichTextCutAt)
                    cut_ = true;
                else
                    borrowed(column, text);
                break;
            default:
                borrowed(column, text);
        }
    }

    void number_text(const Column& column, std::string_view text) {
        std::string plain;
        if (sdk::append_decimal(text, plain))
            number(column, text);
        else
            borrowed(column, text);
    }

    void instant(const Column& column, std::string_view text) {
        if (const auto ms = sdk::parse_instant(text)) {
            char out[sdk::kInstantSize];
            sdk::format_instant(*ms, out);
            arena(column, std::string_view(out, sizeof out));
        } else if (text.empty()) {
            null(column);
        } else {
            borrowed(column, text);
        }
    }

    void choice(const Column& column, std::string_view text) {
        if (text.empty() || text == "-None-") {
            null(column);
            return;
        }
        const Renamed& renamed = column.field->renamed;
        const auto found = renamed.empty() ? renamed.end() : renamed.find(text);
        borrowed(column, found == renamed.end() ? text : std::string_view(found->second));
    }

    // "id" of {"name","id",…}; "" if there is none. For a reference to any module also the module.
    std::string_view reference_id(Value& value) {
        std::string_view id;
        inner_module_ = {};
        for (auto field : value.get_object()) {
            const std::string_view key = field.unescaped_key();
            Value inner = field.value();
            const auto type = json_type(inner.type());
            if (key == "id") {
                id = type == json_type::string ? std::string_view(inner.get_string())
                                               : scalar(inner);
            } else if (key == "module" && type == json_type::string) {
                inner_module_ = inner.get_string();
            } else if (key == "module" && type == json_type::object) {
                for (auto part : inner.get_object()) {
                    const std::string_view name = part.unescaped_key();
                    Value text = part.value();
                    if (name == "api_name" && json_type(text.type()) == json_type::string)
                        inner_module_ = text.get_string();
                }
            }
        }
        return id == "null" ? std::string_view() : id;
    }

    void object(const Column& column, Value& value) {
        if (column.kind == Kind::kReference || column.kind == Kind::kAnyReference) {
            const std::string_view id = reference_id(value);
            if (id.empty()) {
                null(column);
            } else if (column.kind == Kind::kAnyReference && !inner_module_.empty()) {
                reference_.assign(inner_module_).append(1, ':').append(id);
                arena(column, reference_);
            } else {
                borrowed(column, id);
            }
            return;
        }
        const std::string text = sdk::canonical_json(raw_structure(value));
        if (column.kind == Kind::kNamed) {
            const std::string name = sdk::text_of(sdk::parse_json(text, "value"), "name");
            name.empty() ? null(column) : arena(column, name);
            return;
        }
        arena(column, text);
    }

    void array(const Column& column, Value& value) {
        const std::string text = sdk::canonical_json(raw_structure(value));
        if (column.kind != Kind::kList && column.kind != Kind::kTags) {
            arena(column, text);
            return;
        }
        const Renamed& renamed = column.field->renamed;
        std::vector<std::string> items;
        for (const auto& item : sdk::parse_json(text, "value")) {
            std::string name =
                item.is_string() ? item.get<std::string>() : sdk::text_of(item, "name");
            if (const auto found = renamed.find(name); found != renamed.end()) name = found->second;
            if (!name.empty() && name != "-None-") items.push_back(std::move(name));
        }
        // Some answers have an empty list where others have null, or an export has nothing.
        if (items.empty())
            null(column);
        else
            arena(column, sdk::canonical_list(std::move(items)));
    }

    // Zoho does not say when a list cuts rich text, nor where; shorter text is surely whole.
    static constexpr std::size_t kRichTextCutAt = 200;

    const Columns& columns_;
    Mode mode_;
    Page page_;
    simdjson::ondemand::parser parser_;
    std::vector<char> buffer_;
    std::vector<Slot> slots_;
    Slot overflow_;

    std::size_t position_ = 0;  // of the record being read, from 1; 0 = none
    const Slot* at_ = nullptr;  // its key being read

    // Of the record being read.
    std::vector<Cell> cells_;
    std::string arena_, reference_;
    std::vector<std::string> list_;
    std::vector<std::string_view> more_;
    std::string_view id_, actor_, target_module_, inner_module_;
    char version_[sdk::kInstantSize] = {};
    std::size_t version_size_ = 0;
    bool cut_ = false;
};

PageReader::PageReader(const Columns& columns) : impl_(std::make_unique<Impl>(columns)) {}
PageReader::~PageReader() = default;

Page PageReader::read(std::string_view body, abi::BatchWriter& out, const Mode& mode) {
    return impl_->read(body, out, mode);
}

}  // namespace kontor::zoho

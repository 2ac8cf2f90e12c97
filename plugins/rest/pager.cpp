#include "plugins/rest/pager.hpp"

#include <algorithm>
#include <charconv>

#include "plugins/rest/values.hpp"

namespace kontor::rest {
namespace {

using declarative::PagingKind;

// A server that never ends its list must not keep us for ever.
constexpr std::int64_t kPagesMax = 1'000'000;

// The address with rel="next" of a Link header (RFC 8288).
std::string next_link(std::string_view header) {
    while (!header.empty()) {
        const auto open = header.find('<');
        const auto close = header.find('>', open);
        if (open == std::string_view::npos || close == std::string_view::npos) break;
        const auto end = std::min(header.find(",", close), header.size());
        const auto parameters = header.substr(close, end - close);
        if (parameters.find("rel=\"next\"") != std::string_view::npos ||
            parameters.find("rel=next") != std::string_view::npos)
            return std::string(header.substr(open + 1, close - open - 1));
        header.remove_prefix(std::min(header.size(), end + 1));
    }
    return {};
}

}  // namespace

Pager::Pager(Api& api, const declarative::Stream& stream, const declarative::Request& request,
             Values values)
    : api_(api),
      stream_(stream),
      request_(request),
      values_(std::move(values)),
      page_(request.paging.first) {
    values_["limit"] = request_.paging.size;
    values_["offset"] = 0;
    values_["page"] = page_;
    if (request_.paging.kind == PagingKind::kKeyset) values_["last_id"] = request_.paging.start;
}

Json Pager::position() const {
    switch (request_.paging.kind) {
        case PagingKind::kKeyset:
            return values_.at("last_id");
        case PagingKind::kCursor:
        case PagingKind::kLink:
            return cursor_.empty() ? Json() : Json(cursor_);
        default:
            return {};
    }
}

void Pager::resume(const Json& position) {
    if (request_.paging.kind == PagingKind::kKeyset) {
        values_["last_id"] = position;
    } else if (position.is_string()) {
        cursor_ = position.get<std::string>();
        values_["cursor"] = cursor_;
    }
}

Reply Pager::ask() {
    if (request_.paging.kind == PagingKind::kLink && !cursor_.empty())
        return api_.follow(request_, &stream_, cursor_);
    return api_.send(request_, &stream_, values_);
}

const Json& Pager::rows_of(const Reply& reply) const {
    static const Json kNone = Json::array();
    const Json* rows = request_.records.find(reply.body);
    if (rows != nullptr && rows->is_array()) return *rows;
    if ((rows != nullptr && rows->is_null()) || reply.body.is_null()) return kNone;
    const bool of_records =
        rows != nullptr && rows->is_object() && !rows->empty() &&
        std::ranges::all_of(*rows, [](const Json& member) { return member.is_object(); });
    throw sdk::Error(
        KONTOR_E_PROTOCOL,
        request_.name + " " + stream_.name + ": the answer has no list at \"" +
            request_.records.text() + "\" (records)" +
            (of_records ? "; if the members there are the records, id_is_name = true" : ""))
        .stream(stream_.name);
}

std::string Pager::next_cursor() const {
    const auto& paging = request_.paging;
    if (!paging.next_header.empty()) return reply_.header(paging.next_header);
    if (!paging.next) return next_link(reply_.header("link"));
    const Json* next = paging.next->find(reply_.body);
    if (next == nullptr || next->is_null() || *next == false) return {};
    return declarative::as_text(*next);
}

// Of all rows, as a number or a text; some servers say -1 where they have not counted.
std::optional<std::int64_t> Pager::total_told() const {
    const auto& paging = request_.paging;
    std::string text(reply_.header(paging.total_header));
    if (const Json* found = paging.total ? paging.total->find(reply_.body) : nullptr;
        found != nullptr && (found->is_string() || found->is_number_integer()))
        text = declarative::as_text(*found);
    std::int64_t out = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    return whole && out >= 0 ? std::optional(out) : std::nullopt;
}

bool Pager::ends(const Json& rows) const {
    const auto& paging = request_.paging;
    if (rows.empty() || paging.kind == PagingKind::kNone) return true;
    if (paging.kind == PagingKind::kCursor || paging.kind == PagingKind::kLink)
        return cursor_.empty();
    if (paging.more) {
        const Json* more = paging.more->find(reply_.body);
        if (more != nullptr && more->is_boolean() && !more->get<bool>()) return true;
    }
    if (total_ && seen_ >= *total_) return true;
    return paging.short_page_ends && static_cast<std::int64_t>(rows.size()) < paging.size;
}

// The first rows must be the last ones of the page before: else something went away in between, and
// what came after it has moved up into pages already read.
void Pager::overlapping(const Json& rows) {
    fresh_ = Json::array();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i >= tail_.size())
            fresh_.push_back(rows[i]);
        else if (id_text(stream_.id.find(rows[i])) != tail_[i])
            moved_ = true;
    }
    if (rows.size() < tail_.size()) moved_ = true;
}

void Pager::go_on(const Json& rows) {
    const auto& paging = request_.paging;
    switch (paging.kind) {
        case PagingKind::kOffset: {
            tail_.clear();
            const auto count =
                std::min<std::int64_t>(paging.overlap, static_cast<std::int64_t>(rows.size()));
            for (auto i = rows.size() - static_cast<std::size_t>(count); i < rows.size(); ++i)
                tail_.push_back(id_text(stream_.id.find(rows[i])));
            values_["offset"] = seen_ - count;
            break;
        }
        case PagingKind::kPage:
            values_["page"] = ++page_;
            break;
        case PagingKind::kKeyset: {
            const Json* last = rows.empty() ? nullptr : stream_.id.find(rows.back());
            if (last == nullptr) break;
            if (*last == values_["last_id"])
                throw sdk::Error(KONTOR_E_PROTOCOL, request_.name + " " + stream_.name +
                                                        ": the list does not go on after the id " +
                                                        id_text(last));
            values_["last_id"] = *last;
            break;
        }
        case PagingKind::kCursor:
        case PagingKind::kLink: {
            const auto next = next_cursor();
            if (!next.empty() && next == cursor_)
                throw sdk::Error(KONTOR_E_PROTOCOL,
                                 request_.name + " " + stream_.name +
                                     ": the next page is the same as this one, for ever");
            cursor_ = next;
            values_["cursor"] = cursor_;
            break;
        }
        case PagingKind::kNone:
            break;
    }
}

const Json* Pager::next() {
    if (done_) return nullptr;
    if (++pages_ > kPagesMax)
        throw sdk::Error(KONTOR_E_PROTOCOL, request_.name + " " + stream_.name + ": it never ends");
    reply_ = ask();
    if (reply_.means == declarative::Means::kEmpty) {
        done_ = true;
        return nullptr;
    }
    if (!reply_.ok()) throw failure(reply_, request_, &stream_);
    const Json* rows = &rows_of(reply_);
    const auto told = total_told();
    // What was deleted in between has moved the rest up into pages already read.
    if (request_.paging.kind == PagingKind::kPage && total_ && told && *told < *total_)
        moved_ = true;
    total_ = told;
    if (request_.paging.kind == PagingKind::kOffset && !tail_.empty()) {
        overlapping(*rows);
        rows = &fresh_;
    }
    seen_ += static_cast<std::int64_t>(rows->size());
    // A page of nothing but repeated rows is the end; the place to go on stays as it was.
    if (!rows->empty()) go_on(*rows);
    done_ = ends(*rows) || moved_;
    return rows->empty() ? nullptr : rows;
}

}  // namespace kontor::rest

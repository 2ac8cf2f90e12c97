#include "plugins/carddav/push.hpp"

#include <optional>

#include "plugins/carddav/contact.hpp"
#include "plugins/carddav/href.hpp"

namespace kontor::carddav {
namespace {

constexpr const char* kAnyCard = "text/vcard";

struct Change {
    abi::Op op = abi::Op::kUpdate;
    std::string id, version, key;
    Values values;
};

std::optional<std::string> value_of(const abi::BatchReader::Field& field) {
    switch (field.tag) {
        case abi::Tag::kText:
            return std::string(field.text);
        case abi::Tag::kInteger:
            return std::to_string(field.integer);
        default:
            return std::nullopt;
    }
}

std::vector<Change> read_changes(const sdk::Request& request, abi::BatchReader& batch) {
    std::vector<Change> out;
    while (auto record = batch.next()) {
        Change change{record->op,
                      std::string(record->id),
                      std::string(record->version),
                      std::string(record->key),
                      {}};
        for (std::uint16_t i = 0; i < record->count; ++i) {
            abi::BatchReader::Field field;
            if (!batch.next_field(field) || field.field >= request.fields.size())
                throw sdk::Error(KONTOR_E_INVALID, "push: malformed batch");
            if (field.tag != abi::Tag::kAbsent)
                change.values[request.fields[field.field]] = value_of(field);
        }
        out.push_back(std::move(change));
    }
    if (!batch.ok()) throw sdk::Error(KONTOR_E_INVALID, "push: malformed batch");
    return out;
}

bool maybe_done(const sdk::Error& error) {
    switch (error.status()) {
        case KONTOR_E_UNAVAILABLE:
        case KONTOR_E_TIMEOUT:
        case KONTOR_E_PROTOCOL:
        case KONTOR_E_INTERNAL:
        case KONTOR_E_CANCELLED:
            return true;
        default:
            return false;
    }
}

class Push {
public:
    Push(Dav& dav, const Book& book, Versions& versions)
        : dav_(dav), book_(book), versions_(versions) {}

    std::vector<sdk::PushResult> run(const std::vector<Change>& changes) {
        std::vector<sdk::PushResult> results(changes.size());
        for (sdk::PushResult& each : results) each.status = "retry";
        for (std::size_t i = 0; i < changes.size(); ++i)
            if (!carry_out(changes[i], results[i])) break;
        versions_.save();
        return results;
    }

private:
    // False if there is no use in going on; the rest stays "retry".
    bool carry_out(const Change& change, sdk::PushResult& result) {
        try {
            writing_ = false;
            const bool create_it = change.op == abi::Op::kCreate;
            if (!is_member_name(create_it ? name_for(change.key) : change.id)) {
                result = {};
                result.status = create_it ? "invalid" : "missing";
                return true;
            }
            switch (change.op) {
                case abi::Op::kCreate:
                    create(change, result);
                    break;
                case abi::Op::kDelete:
                    remove(change, result);
                    break;
                default:
                    update(change, result);
            }
            sent_ = true;
            return true;
        } catch (const sdk::Error& error) {
            if (error.status() == KONTOR_E_PERMISSION) {  // of this one card
                result = {};
                result.status = "forbidden";
                result.message = error.what();
                return true;
            }
            if (!maybe_done(error) && !sent_) throw;
            result = {};
            result.status = writing_ && maybe_done(error) ? "unknown" : "retry";
            result.message = error.what();
            return false;
        }
    }

    Reply put(const std::string& id, const Card& card, const std::string& condition,
              const std::string& value) {
        writing_ = true;
        Reply reply = dav_.put(member_url(book_.url, id), card.text(), condition, value);
        if (reply.status >= 500 && reply.status != 507)
            throw sdk::Error(KONTOR_E_UNAVAILABLE, failure(reply, "write a card").what());
        writing_ = false;
        return reply;
    }

    static std::string name_for(const std::string& uid) { return uid + ".vcf"; }

    void create(const Change& change, sdk::PushResult& result) {
        // The address comes from the key, so that a create whose answer was lost, or that a
        // restored replica does not remember, cannot happen twice.
        const std::string uid = change.key.empty() ? random_uid() : change.key;
        const std::string id = name_for(uid);
        const Card card = new_contact(uid, change.values, dav_.host().now_ms());
        const Reply reply = put(id, card, "If-None-Match", "*");
        if (reply.status / 100 == 2) return done(id, reply, {}, "create", result);
        if (reply.status == 412) return meet(change, uid, id, result);
        refuse(reply, result);
    }

    // There is a card at that address.
    void meet(const Change& change, const std::string& uid, const std::string& id,
              sdk::PushResult& result) {
        const Reply there = dav_.get(member_url(book_.url, id), kAnyCard);
        if (there.status != 200) return refuse(there, result);
        if (uid_of(Card::parse(there.body)) != uid) {
            result.status = "duplicate";
            result.id = id;
            return;
        }
        Change rest = change;
        rest.id = id;
        rest.version.clear();
        update(rest, result);
        if (result.status == "ok") result.action = "create";
    }

    void update(const Change& change, sdk::PushResult& result) {
        const std::string url = member_url(book_.url, change.id);
        const auto seen = dav_.look(url);
        if (!seen) {
            result = {};
            result.status = "missing";
            return;
        }
        // The tag of lists counts: proxies that compress change the one that comes with the card.
        const std::string_view expected = etag_in(change.version);
        if (!expected.empty() && seen->etag != expected) {
            result.status = "changed";
            return;
        }
        const Reply there = stored_card(url, *seen);
        if (there.status != 200) return refuse(there, result);
        const std::string etag = seen->etag.empty() ? strong_etag(there.etag) : seen->etag;
        std::optional<Card> card;
        try {
            card = Card::parse(there.body);
        } catch (const sdk::Error& error) {
            return invalid("UNREADABLE_CARD", error.what(), result);
        }
        if (would_lose_name(*card, change.values)) {
            invalid("NAME_REQUIRED", "a card must have a family name or a given name", result);
            result.field = "family_name";
            return;
        }
        if (!write_contact(*card, change.values, dav_.host().now_ms()))
            return invalid("OLD_VCARD", "cards of version " + card->version() + " are only read",
                           result);
        if (card->text() == there.body) {
            result = {.status = "ok",
                      .id = change.id,
                      .version = versions_.seen(change.id, etag, modified_of(*seen)),
                      .action = "none",
                      .code = {},
                      .field = {},
                      .message = {}};
            return;
        }
        const Reply reply = put(change.id, *card, "If-Match", etag);
        if (reply.status / 100 == 2) return done(change.id, reply, etag, "update", result);
        refuse(reply, result);
    }

    // Some servers convert what they hand out to vCard 3. Writing that back would lose what only
    // version 4 has, so the form is taken that has the size of what is stored.
    Reply stored_card(const std::string& url, const Resource& seen) {
        Reply usual = dav_.get(url, kAnyCard);
        const std::string size = std::to_string(usual.body.size());
        if (usual.status != 200 || seen.content_length.empty() || seen.content_length == size)
            return usual;
        Reply newer = dav_.get(url, "text/vcard; version=4.0");
        const bool is_stored =
            newer.status == 200 && seen.content_length == std::to_string(newer.body.size());
        return is_stored ? newer : usual;
    }

    void remove(const Change& change, sdk::PushResult& result) {
        writing_ = true;
        const Reply reply =
            dav_.remove(member_url(book_.url, change.id), std::string(etag_in(change.version)));
        if (reply.status >= 500)
            throw sdk::Error(KONTOR_E_UNAVAILABLE, failure(reply, "delete a card").what());
        writing_ = false;
        if (reply.status / 100 != 2) return refuse(reply, result);
        confirm(reply, [&] { return !dav_.look(member_url(book_.url, change.id)); });
        (void)versions_.gone(change.id);
        result.status = "ok";
        result.id = change.id;
        result.action = "delete";
    }

    // 201 and 204 are what RFC 4918 answers to a write that was carried out. Any other success may
    // be the page of somebody who stands between: it counts if the server shows that it was.
    template <class Shown>
    void confirm(const Reply& reply, const Shown& shown) {
        if (reply.status == 201 || reply.status == 204) return;
        writing_ = true;
        if (!shown())
            throw sdk::Error(KONTOR_E_PROTOCOL, "HTTP " + std::to_string(reply.status) +
                                                    " came for a write that was not carried out");
        writing_ = false;
    }

    // The answer to a write tells neither the time nor, if the server has changed what it was
    // given, the tag. `before`: the tag until then.
    void done(const std::string& id, const Reply& reply, const std::string& before,
              const char* action, sdk::PushResult& result) {
        confirm(reply, [&] {
            const auto now = dav_.look(member_url(book_.url, id));
            return now && !now->etag.empty() && now->etag != before;
        });
        result.status = "ok";
        result.id = id;
        result.action = action;
        try {
            const auto now = dav_.look(member_url(book_.url, id));
            const std::string etag = strong_etag(reply.etag);
            // Somebody else's write since then is not ours to tell of.
            if (now && !now->etag.empty() && (etag.empty() || etag == now->etag))
                result.version = versions_.wrote(id, now->etag, modified_of(*now));
        } catch (const sdk::Error& error) {
            // It only completes what was carried out.
            dav_.host().log(sdk::LogLevel::kWarning, "carddav.no_read_back",
                            {{"book", book_.name}, {"reason", error.what()}});
        }
    }

    static void invalid(const char* code, const std::string& message, sdk::PushResult& result) {
        result = {};
        result.status = "invalid";
        result.code = code;
        result.message = message;
    }

    static void refuse(const Reply& reply, sdk::PushResult& result) {
        const DavError error = parse_error(reply.body);
        result = {};
        result.code = "HTTP_" + std::to_string(reply.status);
        if (!error.conditions.empty()) result.code = error.conditions.front();
        result.message = "the server answers HTTP " + std::to_string(reply.status);
        if (reply.status == 401)
            throw failure(reply, "write a card");
        else if (error.has("no-uid-conflict") && !member_name(error.href).empty())
            result.status = "duplicate", result.id = member_name(error.href);
        else if (reply.status == 404 || reply.status == 410)
            result.status = "missing";
        else if (reply.status == 412 || reply.status == 409)
            result.status = "changed";
        else if (reply.status == 423)
            result.status = "locked";
        else if (reply.status == 507 || reply.status == 429 || reply.status >= 500)
            result.status = "retry";
        else if (reply.status == 403 && error.conditions.empty())
            result.status = "forbidden";
        else
            result.status = "invalid";
    }

    std::string random_uid() {
        std::string out;
        for (int i = 0; i < 2; ++i) {
            std::uint64_t bits = dav_.host().random();
            for (int digit = 0; digit < 16; ++digit, bits >>= 4)
                out += "0123456789abcdef"[bits & 15];
        }
        return out;
    }

    Dav& dav_;
    const Book& book_;
    Versions& versions_;
    bool writing_ = false;  // a write is under way whose answer has not come
    bool sent_ = false;     // something was carried out or refused already
};

}  // namespace

std::vector<sdk::PushResult> push(Dav& dav, const Book& book, Versions& versions,
                                  const sdk::Request& request, abi::BatchReader changes) {
    return Push(dav, book, versions).run(read_changes(request, changes));
}

}  // namespace kontor::carddav

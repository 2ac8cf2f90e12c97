#include "plugins/carddav/connector.hpp"

#include <algorithm>

#include "plugins/carddav/contact.hpp"
#include "plugins/carddav/href.hpp"
#include "plugins/carddav/images.hpp"
#include "plugins/carddav/pull.hpp"
#include "plugins/carddav/push.hpp"

namespace kontor::carddav {
namespace {

// Each change is a request or two: few enough that a batch is soon through.
constexpr std::int64_t kPushBatch = 20;

sdk::StreamSpec stream_of(const Book& book) {
    sdk::StreamSpec out;
    out.name = book.name;
    out.label = {book.label, ""};
    out.entity_hint = "contact";
    out.fields = contact_fields();
    sdk::Capabilities& can = out.capabilities;
    can.create = can.update = can.remove = book.may_write;
    can.deleted_feed = book.can_sync;
    can.list_ids = can.fetch = true;
    can.find_fields = {kUidField};
    can.key_field = kUidField;
    can.cas = "batch";
    can.modified_resolution_ms = 1000;
    can.push_batch_max = kPushBatch;
    can.fetch_batch_max = static_cast<std::int64_t>(Images::kCardsAtOnce);
    return out;
}

}  // namespace

Connector::Connector(sdk::Host& host, std::string_view config)
    : options_(Options::parse(config)), dav_(host), versions_(host) {}

const Account& Connector::account() {
    if (!account_) account_ = discover(dav_, options_);
    return *account_;
}

const Book& Connector::book(const std::string& stream) {
    const auto& books = account().books;
    const auto found = std::ranges::find(books, stream, &Book::name);
    if (found == books.end())
        throw sdk::Error(KONTOR_E_NOT_FOUND, "there is no address book " + stream).stream(stream);
    return *found;
}

sdk::Identity Connector::check() {
    account_.reset();
    sdk::Identity out;
    out.org_id = account().home;
    out.org_name = origin_of(out.org_id);
    out.user_id = out.user_name = account().principal;
    return out;
}

std::vector<sdk::StreamSpec> Connector::describe() {
    account_.reset();
    std::vector<sdk::StreamSpec> out;
    for (const Book& each : account().books) out.push_back(stream_of(each));
    return out;
}

std::string Connector::pull(const sdk::Request& request, std::string_view cursor) {
    return carddav::pull(dav_, book(request.stream), versions_, request, cursor);
}

bool Connector::list_ids(const sdk::Request& request) {
    return carddav::list_ids(dav_, book(request.stream));
}

void Connector::fetch(const sdk::Request& request) {
    carddav::fetch(dav_, book(request.stream), versions_, request);
}

void Connector::find(const sdk::Request& request) {
    carddav::find(dav_, book(request.stream), versions_, request);
}

std::vector<sdk::PushResult> Connector::push(const sdk::Request& request,
                                             abi::BatchReader changes) {
    return carddav::push(dav_, book(request.stream), versions_, request, changes);
}

}  // namespace kontor::carddav

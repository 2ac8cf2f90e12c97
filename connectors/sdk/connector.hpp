#pragma once

/// Everything a connector author includes. Write a class and export it:
///
///     class Hello {
///     public:
///         static constexpr std::string_view kName = "hello", kVersion = "1.0.0";
///         static std::string spec();                       // JSON, docs/connector-abi.md
///         Hello(sdk::Host& host, std::string_view config); // open; throw sdk::Error to refuse
///         sdk::Identity check();
///         std::vector<sdk::StreamSpec> describe();
///         std::string pull(const sdk::Request&, std::string_view cursor);  // the new cursor
///         bool list_ids(const sdk::Request&);              // true: surely complete
///         void fetch(const sdk::Request&);
///         void find(const sdk::Request&);
///         std::vector<sdk::PushResult> push(const sdk::Request&, abi::BatchReader changes);
///         sdk::Credits credits() const;
///     };
///     KONTOR_EXPORT_CONNECTOR(Hello)
///
/// list_ids, fetch, find, push and credits may be left out: the host is then told "unsupported".
/// Every method may throw sdk::Error; any other exception becomes KONTOR_E_INTERNAL. `host` lives
/// as long as the object. The macro stands outside any namespace, once per plugin.

#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/abi/kontor_connector.h"
#include "connectors/abi/record_batch.hpp"
#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/description.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/host.hpp"
#include "connectors/sdk/request.hpp"
#include "connectors/sdk/url.hpp"

namespace kontor::sdk {

/// The C functions around one connector class.
template <class Connector>
class Boundary {
public:
    static const kontor_connector* table() {
        static const kontor_connector functions{sizeof(kontor_connector),
                                                KONTOR_ABI_VERSION,
                                                to_str(Connector::kName),
                                                to_str(Connector::kVersion),
                                                &spec,
                                                &open,
                                                &close,
                                                &check,
                                                &describe,
                                                &pull,
                                                &list_ids,
                                                &fetch,
                                                &find,
                                                &push,
                                                &credits};
        return &functions;
    }

private:
    struct Instance {
        explicit Instance(const kontor_host* raw, std::string_view config)
            : host(raw), connector(host, config) {}
        Host host;
        Connector connector;
        std::string out;  // what the last call returned
    };
    static Instance& self(kontor_instance* raw) { return *reinterpret_cast<Instance*>(raw); }

    template <class Work>
    static kontor_status guarded(Host& host, Work&& work) noexcept {
        try {
            work();
            return KONTOR_OK;
        } catch (const Error& error) {
            host.set_error(error.what(), args_of(error));
            return error.status();
        } catch (const std::bad_alloc&) {
            host.set_error("out of memory", {});
        } catch (const std::exception& error) {
            host.set_error(error.what(), {});
        } catch (...) {
            host.set_error("unknown exception", {});
        }
        return KONTOR_E_INTERNAL;
    }
    static std::string args_of(const Error& error) noexcept {
        try {
            return error.args_json();
        } catch (...) {
            return {};
        }
    }
    [[noreturn]] static void unsupported() {
        throw Error(KONTOR_E_UNSUPPORTED, "this connector cannot do that");
    }

    static kontor_str spec() {
        static const std::string text = Connector::spec();
        return to_str(text);
    }
    static kontor_status open(const kontor_host* raw, kontor_str config, kontor_instance** out) {
        Host host(raw);
        return guarded(host, [&] {
            *out = reinterpret_cast<kontor_instance*>(new Instance(raw, to_view(config)));
        });
    }
    static void close(kontor_instance* raw) { delete &self(raw); }
    static kontor_status check(kontor_instance* raw, kontor_str* out) {
        Instance& it = self(raw);
        return guarded(it.host,
                       [&] { it.out = to_json(it.connector.check()), *out = to_str(it.out); });
    }
    static kontor_status describe(kontor_instance* raw, kontor_str* out) {
        Instance& it = self(raw);
        return guarded(it.host,
                       [&] { it.out = to_json(it.connector.describe()), *out = to_str(it.out); });
    }
    static kontor_status pull(kontor_instance* raw, kontor_str request, kontor_str cursor,
                              kontor_str* out) {
        Instance& it = self(raw);
        return guarded(it.host, [&] {
            it.out = it.connector.pull(parse_request(to_view(request)), to_view(cursor));
            *out = to_str(it.out);
        });
    }
    static kontor_status list_ids(kontor_instance* raw, kontor_str request, int32_t* complete) {
        Instance& it = self(raw);
        return guarded(it.host, [&] {
            if constexpr (requires { it.connector.list_ids(Request{}); })
                *complete = it.connector.list_ids(parse_request(to_view(request))) ? 1 : 0;
            else
                unsupported();
        });
    }
    static kontor_status fetch(kontor_instance* raw, kontor_str request) {
        Instance& it = self(raw);
        return guarded(it.host, [&] {
            if constexpr (requires { it.connector.fetch(Request{}); })
                it.connector.fetch(parse_request(to_view(request)));
            else
                unsupported();
        });
    }
    static kontor_status find(kontor_instance* raw, kontor_str request) {
        Instance& it = self(raw);
        return guarded(it.host, [&] {
            if constexpr (requires { it.connector.find(Request{}); })
                it.connector.find(parse_request(to_view(request)));
            else
                unsupported();
        });
    }
    static kontor_status push(kontor_instance* raw, kontor_str request, kontor_str batch,
                              kontor_str* out) {
        Instance& it = self(raw);
        return guarded(it.host, [&] {
            if constexpr (requires { it.connector.push(Request{}, abi::BatchReader({})); }) {
                it.out = to_json(it.connector.push(parse_request(to_view(request)),
                                                   abi::BatchReader(to_view(batch))));
                *out = to_str(it.out);
            } else {
                unsupported();
            }
        });
    }
    static kontor_status credits(kontor_instance* raw, kontor_str* out) {
        Instance& it = self(raw);
        return guarded(it.host, [&] {
            if constexpr (requires { it.connector.credits(); })
                it.out = to_json(it.connector.credits());
            else
                it.out = to_json(Credits{});
            *out = to_str(it.out);
        });
    }
};

}  // namespace kontor::sdk

#define KONTOR_EXPORT_CONNECTOR(Class)                                        \
    extern "C" __attribute__((visibility("default"))) const kontor_connector* \
    kontor_connector_entry(void);                                             \
    const kontor_connector* kontor_connector_entry(void) {                    \
        return ::kontor::sdk::Boundary<Class>::table();                       \
    }

#include "connectors/host/plugin_instance.hpp"

#include <utility>

namespace kontor::host {
namespace {

kontor_str str(std::string_view text) {
    return {text.data(), text.size()};
}

Reply broken(const kontor_host& host, std::string_view how) {
    host.set_error(host.ctx, str(how), {nullptr, 0});
    return {KONTOR_E_PROTOCOL};
}

std::uint32_t functions_of(const Library& library) {
    const auto bit = [](bool there, Function function) {
        return there ? 1U << static_cast<unsigned>(function) : 0U;
    };
    using C = kontor_connector;
    return bit(true, Function::kOpen) | bit(true, Function::kClose) |
           bit(library.function(&C::check) != nullptr, Function::kCheck) |
           bit(library.function(&C::describe) != nullptr, Function::kDescribe) |
           bit(library.function(&C::pull) != nullptr, Function::kPull) |
           bit(library.function(&C::list_ids) != nullptr, Function::kListIds) |
           bit(library.function(&C::fetch) != nullptr, Function::kFetch) |
           bit(library.function(&C::find) != nullptr, Function::kFind) |
           bit(library.function(&C::push) != nullptr, Function::kPush) |
           bit(library.function(&C::credits) != nullptr, Function::kCredits);
}

}  // namespace

PluginInstance::PluginInstance(std::shared_ptr<const Library> library)
    : library_(std::move(library)),
      info_{library_->name(), library_->version(), library_->spec_json(), functions_of(*library_)} {
}

PluginInstance::~PluginInstance() {
    close();
}

void PluginInstance::close() noexcept {
    if (!instance_) return;
    try {
        library_->function (&kontor_connector::close)(std::exchange(instance_, nullptr));
    } catch (...) {  // against the contract; nothing is left to tell it to
    }
}

Reply PluginInstance::call(Function function, const kontor_host& host, std::string_view first,
                           std::string_view second) noexcept {
    if (!info_.has(function)) return {KONTOR_E_UNSUPPORTED};
    if ((function == Function::kOpen) == (instance_ != nullptr)) return {KONTOR_E_INVALID};
    try {
        return run(function, host, str(first), str(second));
    } catch (...) {  // against the contract; treated as the plugin's failure
        return {KONTOR_E_INTERNAL};
    }
}

Reply PluginInstance::run(Function function, const kontor_host& host, kontor_str first,
                          kontor_str second) {
    using C = kontor_connector;
    const Library& plugin = *library_;
    Reply reply;
    switch (function) {
        case Function::kOpen:
            reply.status = plugin.function(&C::open)(&host, first, &instance_);
            if (reply.status != KONTOR_OK) instance_ = nullptr;
            if (reply.status == KONTOR_OK && !instance_)
                return broken(host, "the connector opened nothing");
            break;
        case Function::kClose:
            close();
            reply.status = KONTOR_OK;
            break;
        case Function::kCheck:
            reply.status = plugin.function(&C::check)(instance_, &reply.out);
            break;
        case Function::kDescribe:
            reply.status = plugin.function(&C::describe)(instance_, &reply.out);
            break;
        case Function::kPull:
            reply.status = plugin.function(&C::pull)(instance_, first, second, &reply.out);
            break;
        case Function::kListIds: {
            std::int32_t complete = 0;
            reply.status = plugin.function(&C::list_ids)(instance_, first, &complete);
            reply.complete = complete != 0;
            break;
        }
        case Function::kFetch:
            reply.status = plugin.function(&C::fetch)(instance_, first);
            break;
        case Function::kFind:
            reply.status = plugin.function(&C::find)(instance_, first);
            break;
        case Function::kPush:
            reply.status = plugin.function(&C::push)(instance_, first, second, &reply.out);
            break;
        case Function::kCredits:
            reply.status = plugin.function(&C::credits)(instance_, &reply.out);
            break;
    }
    if (!reply.out.data && reply.out.size > 0)
        return broken(host, "the connector returned a null pointer");
    return reply;
}

}  // namespace kontor::host

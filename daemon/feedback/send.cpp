#include "daemon/feedback/send.hpp"

namespace kontor::feedback {

Result<Sent> send(const Invitations::Parts& parts, const Survey& survey, const Reach& reach,
                  const Acting& acting) {
    Sent out;
    if (!reach.dry_run) {
        auto acted = act_on_answers(parts, survey, acting);
        if (!acted) return pass(acted);
        out.acted = std::move(*acted);
    }
    if (reach.dry_run || reach.choose) {
        auto moment = replica::Snapshot::begin(parts.db);
        if (!moment) return pass(moment);
        auto catalogue = parts.catalogues.get(parts.db);
        if (!catalogue) return pass(catalogue);
        if (auto checked = check_actions(**catalogue, survey); !checked) return pass(checked);
        auto selection = select(parts.db, **catalogue, survey, parts.now);
        if (!selection) return pass(selection);
        out.selection = std::move(*selection);
    }
    if (reach.dry_run) return out;
    Invitations invitations(parts);
    auto reserved = invitations.reserve(survey, out.selection);
    if (!reserved) return pass(reserved);
    out.reserved = *reserved;
    auto sending = invitations.hand_out(survey, reach.delivery);
    if (!sending) return pass(sending);
    out.sending = std::move(*sending);
    return out;
}

}  // namespace kontor::feedback

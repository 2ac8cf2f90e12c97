#include "sync/engine/waits_in_vain.hpp"

#include "sync/engine/let_go.hpp"

namespace kontor::engine {

void note_awaited_gone(Context& context, const StreamPlan& plan, std::string_view ext_id) {
    if (!context.sql.integer("SELECT 1 FROM kontor_waiting WHERE stream = ? AND ext_id = ? LIMIT 1",
                             plan.id, ext_id))
        return;
    note_gone(context, plan.id, ext_id);
    context.awaited_gone = true;
}

void ask_for_awaited(Context& context, const StepPorts& ports, const StreamPlan& plan,
                     StreamCounts& counts) {
    read_each(context, ports, plan,
              "SELECT DISTINCT w.ext_id FROM kontor_waiting w WHERE w.stream = ?1 AND w.ext_id > ?2"
              " AND NOT EXISTS (SELECT 1 FROM kontor_link l WHERE l.stream = ?1 AND"
              " l.ext_id = w.ext_id) AND NOT EXISTS (SELECT 1 FROM temp.listed t WHERE"
              " t.stream = ?1 AND t.ext_id = w.ext_id) ORDER BY w.ext_id LIMIT ?3",
              counts, Absence::kBelieved);
    context.awaited_gone = true;
}

void read_who_waits_in_vain(Context& context, const StepPorts& ports, const StreamPlan& plan,
                            StreamCounts& counts) {
    // Through what waits, never through all links. What was deleted here in its turn, and has no
    // row any more, is as gone as what never was here.
    read_each(context, ports, plan,
              "SELECT DISTINCT l.ext_id FROM kontor_waiting w CROSS JOIN kontor_link l"
              " ON l.id = w.link WHERE l.stream = ?1 AND l.state = 0 AND l.ext_id > ?2 AND (" +
                  is_noted_gone("w.stream", "w.ext_id") +
                  " OR EXISTS (SELECT 1 FROM kontor_link t JOIN kontor_stream s ON s.id = t.stream"
                  " JOIN kontor_tombstone d ON d.entity = s.entity AND d.record = t.record"
                  " WHERE t.stream = w.stream AND t.ext_id = w.ext_id AND t.state IN (4, 6)))"
                  " ORDER BY l.ext_id LIMIT ?3",
              counts, Absence::kDoubted);
}

}  // namespace kontor::engine

#pragma once

#include "daemon/cli/failure.hpp"

namespace kontor::cli {

class Context;

/// The commands' handlers, by the file they live in. Each prints its result and returns the exit
/// code; a Failure is reported by the caller.

// setup.cpp
Outcome<Exit> run_init(Context& context);
// init_hub.cpp
Outcome<Exit> run_init_hub(Context& context);
// connect.cpp
Outcome<Exit> run_connect(Context& context);
// connections.cpp
Outcome<Exit> run_status(Context& context);
Outcome<Exit> run_push(Context& context);
Outcome<Exit> run_connection_list(Context& context);
Outcome<Exit> run_connection_check(Context& context);
Outcome<Exit> run_connection_forecast(Context& context);
Outcome<Exit> run_connection_fields(Context& context);
Outcome<Exit> run_connection_resume(Context& context);
Outcome<Exit> run_connection_sign_in(Context& context);
// connector.cpp
Outcome<Exit> run_connector_check(Context& context);
// connector_try.cpp
Outcome<Exit> run_connector_try(Context& context);
// sync.cpp
Outcome<Exit> run_sync(Context& context);
Outcome<Exit> run_runs(Context& context);
Outcome<Exit> run_events(Context& context);
// records.cpp
Outcome<Exit> run_entities(Context& context);
Outcome<Exit> run_list(Context& context);
Outcome<Exit> run_get(Context& context);
Outcome<Exit> run_create(Context& context);
Outcome<Exit> run_set(Context& context);
Outcome<Exit> run_delete(Context& context);
Outcome<Exit> run_search(Context& context);
Outcome<Exit> run_sql(Context& context);
// decisions.cpp
Outcome<Exit> run_conflicts(Context& context);
Outcome<Exit> run_conflict_rules(Context& context);
Outcome<Exit> run_conflict_forget(Context& context);
Outcome<Exit> run_resolve(Context& context);
Outcome<Exit> run_blocked(Context& context);
// past.cpp
Outcome<Exit> run_history(Context& context);
Outcome<Exit> run_why(Context& context);
Outcome<Exit> run_undo(Context& context);
// upkeep.cpp
Outcome<Exit> run_doctor(Context& context);
Outcome<Exit> run_plugins(Context& context);
Outcome<Exit> run_reload(Context& context);
Outcome<Exit> run_config_check(Context& context);
Outcome<Exit> run_config_show(Context& context);
// plugin_check.cpp
Outcome<Exit> run_plugin_check(Context& context);
// plugin_new.cpp
Outcome<Exit> run_plugin_new(Context& context);
// verify.cpp
Outcome<Exit> run_verify(Context& context);
// backup.cpp
Outcome<Exit> run_backup_init(Context& context);
Outcome<Exit> run_backup_run(Context& context);
Outcome<Exit> run_backup_list(Context& context);
Outcome<Exit> run_backup_status(Context& context);
Outcome<Exit> run_backup_verify(Context& context);
Outcome<Exit> run_backup_drill(Context& context);
Outcome<Exit> run_backup_prune(Context& context);
Outcome<Exit> run_restore(Context& context);
// restore_records.cpp
Outcome<Exit> run_restore_records(Context& context);
Outcome<Exit> run_backup_diff(Context& context);
// feedback.cpp
Outcome<Exit> run_feedback_check(Context& context);
Outcome<Exit> run_feedback_list(Context& context);
Outcome<Exit> run_feedback_preview(Context& context);
Outcome<Exit> run_feedback_send(Context& context);
Outcome<Exit> run_feedback_links(Context& context);
Outcome<Exit> run_feedback_act(Context& context);
// feedback_call.cpp
Outcome<Exit> run_feedback_call(Context& context);
Outcome<Exit> run_feedback_import(Context& context);
// feedback_lexicon.cpp
Outcome<Exit> run_feedback_lexicon(Context& context);
// feedback_receive.cpp
Outcome<Exit> run_feedback_receive(Context& context);
// feedback_report.cpp
Outcome<Exit> run_feedback_report(Context& context);
// jobs.cpp
Outcome<Exit> run_jobs(Context& context);
Outcome<Exit> run_jobs_run(Context& context);
Outcome<Exit> run_jobs_stop(Context& context);
Outcome<Exit> run_jobs_pause(Context& context);
Outcome<Exit> run_jobs_resume(Context& context);
Outcome<Exit> run_jobs_history(Context& context);
Outcome<Exit> run_jobs_log(Context& context);
// help.cpp
Outcome<Exit> run_help(Context& context);
Outcome<Exit> run_completion(Context& context);
Outcome<Exit> run_complete(Context& context);

}  // namespace kontor::cli

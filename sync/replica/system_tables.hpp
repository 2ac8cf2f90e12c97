#pragma once

namespace kontor::replica {

/// Version 1 of the tables that are not entities. All their names begin with `kontor_`.
/// docs/replica.md explains each.
inline constexpr const char* kSystemTablesV1 = R"sql(
CREATE TABLE kontor_meta(          -- replica_id, epoch, absorbed_seq, …
    key TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

CREATE TABLE kontor_entity(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,   -- is the table's name
    label_en TEXT NOT NULL DEFAULT '',
    label_zh TEXT NOT NULL DEFAULT '',
    builtin INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE kontor_field(         -- the field catalogue: one row a column
    id INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,          -- is the column's name
    type TEXT NOT NULL,                         -- sync/remote/description.hpp
    scale INTEGER NOT NULL DEFAULT 0,
    precision INTEGER NOT NULL DEFAULT 0,
    max_length INTEGER NOT NULL DEFAULT 0,
    target TEXT NOT NULL DEFAULT '',            -- entity that a reference points to
    label_en TEXT NOT NULL DEFAULT '',
    label_zh TEXT NOT NULL DEFAULT '',
    choices TEXT NOT NULL DEFAULT '[]',         -- JSON [{"value","label"}]
    class TEXT NOT NULL DEFAULT 'internal',     -- public internal personal sensitive secret
    leaves INTEGER NOT NULL DEFAULT 1,          -- 0: never leaves this replica
    read_only INTEGER NOT NULL DEFAULT 0,       -- computed at a remote: edits here are undone
    origin TEXT NOT NULL DEFAULT 'kontor',      -- or the connection that brought it
    state TEXT NOT NULL DEFAULT 'active',       -- active, gone (no longer at the remote)
    searchable INTEGER NOT NULL DEFAULT 0,
    UNIQUE(entity, name)
);

-- Append-only. `old` is the value before; the value after is the next entry's old, else the row.
CREATE TABLE kontor_history(
    seq INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL,
    record INTEGER NOT NULL,
    field INTEGER,                 -- kontor_field.id; NULL: the record as such
    op TEXT NOT NULL,              -- i inserted, u changed, l loaded (a batch: record … old),
                                   -- d deleted (a row a field, then one without: old is the uid),
                                   -- k kept (a value offered and not taken), r restored
    old,
    at TEXT NOT NULL,
    actor TEXT,                    -- uid:1000, remote:zoho:USER, job:NAME; NULL: plain SQL
    run INTEGER,                   -- kontor_run.id; NULL: a local edit
    rule TEXT,                     -- why, if a rule decided
    salt BLOB,
    leaf BLOB                      -- SHA-256(salt ‖ content), chained in kontor_chain
);
CREATE INDEX kontor_history_record ON kontor_history(entity, record, seq);
CREATE INDEX kontor_history_run ON kontor_history(run) WHERE run IS NOT NULL;
CREATE INDEX kontor_history_load ON kontor_history(entity, record) WHERE op = 'l';

CREATE TABLE kontor_chain(         -- a link of the hash chain for each absorbed stretch of history
    last_seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL
);

-- Old rows of an INSERT OR REPLACE on its way (it fires no delete trigger).
CREATE TABLE kontor_replaced(
    entity INTEGER NOT NULL,
    record INTEGER NOT NULL,
    field INTEGER NOT NULL,        -- 0: uid
    old,
    PRIMARY KEY(entity, record, field)
) WITHOUT ROWID;

CREATE TABLE kontor_tombstone(
    entity INTEGER NOT NULL,
    record INTEGER NOT NULL,
    uid TEXT,
    image TEXT NOT NULL,           -- the last row, JSON by column
    at TEXT NOT NULL,
    actor TEXT,
    origin INTEGER,                -- stream that deleted it; NULL: here
    PRIMARY KEY(entity, record)
) WITHOUT ROWID;

CREATE TABLE kontor_connection(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    plugin TEXT NOT NULL,
    org_id TEXT,                   -- identity of the remote; a change stops and asks
    user_id TEXT,
    push_enabled INTEGER NOT NULL DEFAULT 0,    -- 0 until a person has seen a dry run
    paused TEXT                    -- reason, NULL: not paused
);

CREATE TABLE kontor_stream(
    id INTEGER PRIMARY KEY,
    connection INTEGER NOT NULL,
    name TEXT NOT NULL,
    entity INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1,      -- rises with each change of the mapping
    mapping TEXT NOT NULL DEFAULT '',           -- merge/mapping_json.hpp
    cursor TEXT NOT NULL DEFAULT '',
    loaded INTEGER NOT NULL DEFAULT 0,          -- 1: first load complete; 2: older local records linked
    pulled_at TEXT,                -- when the last whole pull began, or the first one
    swept_at TEXT,
    UNIQUE(connection, name)
);

CREATE TABLE kontor_group(         -- field groups of a stream's mapping; ids are never reused
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    name TEXT NOT NULL,
    shape TEXT NOT NULL,           -- canonical text of its field pairs and lenses
    since INTEGER NOT NULL,        -- mapping generation it belongs to
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE kontor_link(
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    record INTEGER NOT NULL,
    ext_id TEXT,                   -- NULL: not created there yet
    version TEXT,                  -- of the image last merged
    covers INTEGER NOT NULL DEFAULT 0,          -- mapping generation that has been compared
    state INTEGER NOT NULL DEFAULT 0,           -- LinkState
    dirty INTEGER NOT NULL DEFAULT 0            -- hint: the pusher should look
);
CREATE UNIQUE INDEX kontor_link_ext ON kontor_link(stream, ext_id) WHERE ext_id IS NOT NULL;
CREATE UNIQUE INDEX kontor_link_record ON kontor_link(stream, record);
CREATE INDEX kontor_link_dirty ON kontor_link(stream, id) WHERE dirty;

CREATE TABLE kontor_shadow(        -- ARCHITECTURE: the one invariant
    link INTEGER NOT NULL,
    grp INTEGER NOT NULL,
    theirs BLOB NOT NULL,
    ours BLOB NOT NULL,
    waits INTEGER NOT NULL DEFAULT 0,           -- 1: refers to a record that has not arrived
    PRIMARY KEY(link, grp)
) WITHOUT ROWID;

CREATE TABLE kontor_waiting(       -- references to remote records that are not here yet
    stream INTEGER NOT NULL,       -- stream of the record waited for
    ext_id TEXT NOT NULL,
    link INTEGER NOT NULL,
    grp INTEGER NOT NULL,
    PRIMARY KEY(stream, ext_id, link, grp)
) WITHOUT ROWID;
CREATE INDEX kontor_waiting_link ON kontor_waiting(link);

CREATE TABLE kontor_intent(
    id INTEGER PRIMARY KEY,
    link INTEGER NOT NULL,
    op TEXT NOT NULL,              -- create update delete
    sent BLOB NOT NULL,            -- groups and values as sent
    key TEXT,                      -- uid, for a create
    base_version TEXT,
    state TEXT NOT NULL,           -- sent unknown acked parked refused
    version TEXT,                  -- that the acknowledgement gave
    at TEXT NOT NULL,
    run INTEGER
);
CREATE INDEX kontor_intent_link ON kontor_intent(link);

CREATE TABLE kontor_conflict(
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    link INTEGER NOT NULL,
    entity INTEGER NOT NULL,
    record INTEGER NOT NULL,
    grp INTEGER,                   -- NULL: the record as such
    kind TEXT NOT NULL,            -- edit delete create match uncovered
    base BLOB, ours BLOB, theirs BLOB,
    theirs_version TEXT,
    theirs_by TEXT,
    rule TEXT NOT NULL,            -- policy that parked or decided it
    state TEXT NOT NULL,           -- open decided
    chosen TEXT,                   -- ours theirs
    opened_at TEXT NOT NULL,
    decided_at TEXT,
    decided_by TEXT,
    run INTEGER
);
CREATE INDEX kontor_conflict_open ON kontor_conflict(link, grp) WHERE state = 'open';
CREATE INDEX kontor_conflict_record ON kontor_conflict(entity, record);

CREATE TABLE kontor_blocked(       -- what a remote refused and why
    link INTEGER PRIMARY KEY,
    op TEXT NOT NULL,
    status TEXT NOT NULL,          -- PushStatus
    code TEXT,
    field TEXT,
    message TEXT,
    other_id TEXT,                 -- duplicate: the remote record that has the value
    since TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 1,
    retry_at TEXT                  -- NULL: after an edit or by hand
);

CREATE TABLE kontor_run(
    id INTEGER PRIMARY KEY,
    connection INTEGER,
    kind TEXT NOT NULL,            -- sync load sweep undo resolve
    started_at TEXT NOT NULL,
    ended_at TEXT,
    result TEXT,                   -- ok partial failed cancelled
    error TEXT,
    counts TEXT                    -- JSON
);

CREATE TABLE kontor_notice(        -- what a person should know and need not decide
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity INTEGER, record INTEGER, field INTEGER,
    args TEXT NOT NULL DEFAULT '{}'
);
)sql";

/// What version 2 adds.
inline constexpr const char* kSystemTablesV2 = R"sql(
-- Whoever changes the catalogue draws a new stamp, so that copies in memory are thrown away.
INSERT INTO kontor_meta(key, value) VALUES('catalogue', lower(hex(randomblob(16))));
CREATE TRIGGER kontor_entity_insert AFTER INSERT ON kontor_entity BEGIN
    UPDATE kontor_meta SET value = lower(hex(randomblob(16))) WHERE key = 'catalogue';
END;
CREATE TRIGGER kontor_entity_update AFTER UPDATE ON kontor_entity BEGIN
    UPDATE kontor_meta SET value = lower(hex(randomblob(16))) WHERE key = 'catalogue';
END;
CREATE TRIGGER kontor_entity_delete AFTER DELETE ON kontor_entity BEGIN
    UPDATE kontor_meta SET value = lower(hex(randomblob(16))) WHERE key = 'catalogue';
END;
CREATE TRIGGER kontor_field_insert AFTER INSERT ON kontor_field BEGIN
    UPDATE kontor_meta SET value = lower(hex(randomblob(16))) WHERE key = 'catalogue';
END;
CREATE TRIGGER kontor_field_update AFTER UPDATE ON kontor_field BEGIN
    UPDATE kontor_meta SET value = lower(hex(randomblob(16))) WHERE key = 'catalogue';
END;
CREATE TRIGGER kontor_field_delete AFTER DELETE ON kontor_field BEGIN
    UPDATE kontor_meta SET value = lower(hex(randomblob(16))) WHERE key = 'catalogue';
END;

-- How many records the stream has here: live links with a remote id. Counting takes a second for
-- each ten millions; `status` must not.
ALTER TABLE kontor_stream ADD COLUMN records INTEGER NOT NULL DEFAULT 0;
UPDATE kontor_stream SET records = (SELECT count(*) FROM kontor_link l
    WHERE l.stream = kontor_stream.id AND l.ext_id IS NOT NULL AND l.state = 0);

-- Records whose history was absorbed beyond absorbed_seq, while a long log is absorbed in parts.
CREATE TABLE kontor_absorbed(
    entity INTEGER NOT NULL,
    record INTEGER NOT NULL,
    seq INTEGER NOT NULL,          -- last entry of the record that was looked at
    PRIMARY KEY(entity, record)
) WITHOUT ROWID;
CREATE INDEX kontor_absorbed_seq ON kontor_absorbed(seq);

CREATE INDEX kontor_tombstone_empty ON kontor_tombstone(entity, record) WHERE image = '';
CREATE INDEX kontor_run_of ON kontor_run(connection, kind);
)sql";

/// What version 3 adds: who somebody is at a remote, and where a refusal belongs.
inline constexpr const char* kSystemTablesV3 = R"sql(
CREATE TABLE kontor_match(         -- may this remote record be one that is here already?
    stream INTEGER NOT NULL,
    ext_id TEXT NOT NULL,
    record INTEGER NOT NULL,       -- that one
    state TEXT NOT NULL,           -- asked, queued, same, apart
    PRIMARY KEY(stream, ext_id, record)
) WITHOUT ROWID;
ALTER TABLE kontor_blocked ADD COLUMN col TEXT;  -- our column that `field` means
)sql";

/// What version 6 adds: what the daemon does by itself, and how it went.
inline constexpr const char* kSystemTablesV6 = R"sql(
CREATE TABLE kontor_job(           -- what is known of a job from one start of kontord to the next
    name TEXT PRIMARY KEY,         -- of [job.NAME]
    schedule TEXT NOT NULL,        -- its `when` that next_at was drawn by
    since TEXT NOT NULL,           -- first heard of
    next_at TEXT,                  -- by its times; NULL: has none
    retry_at TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,         -- that failed, since the last regular run
    failures INTEGER NOT NULL DEFAULT 0,        -- since it last worked
    succeeded_at TEXT,
    event_seq INTEGER NOT NULL DEFAULT 0,       -- kontor_history.seq up to which events are known
    paused_at TEXT,
    paused_by TEXT,
    told INTEGER NOT NULL DEFAULT 0,            -- alerts since it last worked: 1 failed, 2 overdue
    alert TEXT,                    -- kind of the alert that is still to be delivered
    alert_at TEXT,                 -- when that is tried
    alert_tries INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE kontor_job_run(
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    cause TEXT NOT NULL,           -- time catch_up retry event person
    actor TEXT,                    -- who asked for it; NULL: nobody
    due_at TEXT,                   -- the time that it answers to
    started_at TEXT NOT NULL,
    ended_at TEXT,
    attempt INTEGER NOT NULL DEFAULT 1,
    missed INTEGER NOT NULL DEFAULT 0,          -- further times that it answers to
    records TEXT NOT NULL DEFAULT '',           -- what happened: deal:42 deal:43
    result TEXT,                   -- ok failed cancelled interrupted; NULL: under way
    code TEXT,
    error TEXT,
    summary TEXT,
    log TEXT                       -- the end of what it said
);
CREATE INDEX kontor_job_run_job ON kontor_job_run(job, id);
)sql";

}  // namespace kontor::replica

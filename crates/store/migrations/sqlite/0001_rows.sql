-- One row a job and one row a cluster: the columns that are looked for, beside the record itself as JSON with the
-- version of its shape. `active` is `ended_at IS NULL`, kept as a column so that partial indexes can name it.

-- How a state file of Caddis is known from any other SQLite file.
PRAGMA application_id = 13294869;

CREATE TABLE jobs (
    id           TEXT    NOT NULL PRIMARY KEY,
    generation   INTEGER NOT NULL CHECK (generation > 0),
    owner        TEXT    NOT NULL,
    name         TEXT,
    active       INTEGER NOT NULL,
    cluster      TEXT,               -- of the newest attempt
    submitted_at INTEGER NOT NULL,   -- microseconds since 1970, as everywhere
    ended_at     INTEGER,
    body_version INTEGER NOT NULL,
    body         TEXT    NOT NULL,
    CHECK (active = (ended_at IS NULL))
) STRICT;

CREATE UNIQUE INDEX jobs_taken_name ON jobs (owner, name) WHERE active = 1 AND name IS NOT NULL;
CREATE INDEX jobs_active  ON jobs (id)           WHERE active = 1;
CREATE INDEX jobs_active_owner ON jobs (owner, id) WHERE active = 1;
CREATE INDEX jobs_owner   ON jobs (owner, id);
CREATE INDEX jobs_name    ON jobs (owner, name, id) WHERE name IS NOT NULL;
CREATE INDEX jobs_cluster ON jobs (cluster, id)  WHERE cluster IS NOT NULL;
CREATE INDEX jobs_ended   ON jobs (ended_at)     WHERE ended_at IS NOT NULL;

CREATE TABLE clusters (
    id           TEXT    NOT NULL PRIMARY KEY,
    generation   INTEGER NOT NULL CHECK (generation > 0),
    owner        TEXT    NOT NULL,
    name         TEXT,
    active       INTEGER NOT NULL,
    job          TEXT,               -- the one it was made for
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    body_version INTEGER NOT NULL,
    body         TEXT    NOT NULL,
    CHECK (active = (ended_at IS NULL))
) STRICT;

CREATE UNIQUE INDEX clusters_taken_name ON clusters (owner, name) WHERE active = 1 AND name IS NOT NULL;
CREATE INDEX clusters_active ON clusters (id)          WHERE active = 1;
CREATE INDEX clusters_active_owner ON clusters (owner, id) WHERE active = 1;
CREATE INDEX clusters_owner  ON clusters (owner, id);
CREATE INDEX clusters_name   ON clusters (owner, name, id) WHERE name IS NOT NULL;
CREATE INDEX clusters_job    ON clusters (job, id)     WHERE job IS NOT NULL;
CREATE INDEX clusters_ended  ON clusters (ended_at)    WHERE ended_at IS NOT NULL;

-- Environment variables may hold secrets: they are nowhere but here, and in a file that only its owner reads.
CREATE TABLE variables (
    subject      TEXT    NOT NULL PRIMARY KEY,
    body_version INTEGER NOT NULL,
    body         TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- A submission with a key is made once; it is forgotten together with its job.
CREATE TABLE requests (
    owner TEXT NOT NULL,
    key   TEXT NOT NULL,
    job   TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_job ON requests (job);

-- Money: lines are added and never touched again.
CREATE TABLE ledger (
    number       INTEGER NOT NULL PRIMARY KEY,
    key          TEXT    NOT NULL UNIQUE,
    owner        TEXT    NOT NULL,
    cluster      TEXT    NOT NULL,
    job          TEXT,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL,
    cost         INTEGER NOT NULL,   -- nano-dollars
    body_version INTEGER NOT NULL,
    body         TEXT    NOT NULL
) STRICT;

CREATE INDEX ledger_cluster ON ledger (cluster);

CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger lines are never removed'); END;
CREATE TRIGGER ledger_holds BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger lines are never changed'); END;

-- The outbox: what was decided, written with the decision. Nothing marks an event as delivered: whoever reads keeps the
-- number of the last one that he has dealt with, and asks for what came after it.
-- AUTOINCREMENT: a number is not used again after its event was removed, or who waits after it would wait for ever.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    subject TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    message TEXT    NOT NULL
) STRICT;

CREATE INDEX events_subject ON events (subject);
CREATE INDEX events_at      ON events (at);

-- What a compatible face keeps beside the records, in its client's own words. The loop never reads it.
-- AUTOINCREMENT: numbers are the same in every store, also after the last document was removed.
CREATE TABLE documents (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    folder     TEXT    NOT NULL,     -- of the key, with its last `/`
    key        TEXT    NOT NULL,
    generation INTEGER NOT NULL CHECK (generation > 0),
    about      TEXT,                 -- the job or cluster that it goes with
    body       TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX documents_key ON documents (kind, key);
CREATE INDEX documents_folder ON documents (kind, folder, number);
CREATE INDEX documents_about  ON documents (about) WHERE about IS NOT NULL;

CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

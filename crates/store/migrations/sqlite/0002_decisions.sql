-- Decisions about the sizes of clusters with what they went by, so that they can be explained and replayed. Rows are
-- added and never changed; the body leaves out what is zero.
CREATE TABLE decisions (
    number  INTEGER NOT NULL PRIMARY KEY,
    cluster TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    body    TEXT    NOT NULL
) STRICT;

CREATE INDEX decisions_cluster ON decisions (cluster, at);
CREATE INDEX decisions_at      ON decisions (at);

-- What was learned of earlier runs, the newest word under each key: how long workers take to start, and how long the
-- tasks of a program take.
CREATE TABLE learned (
    key  TEXT    NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL,
    body TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX learned_at ON learned (at);

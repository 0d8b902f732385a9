-- Decisions of a while in one row, so that each can be kept: lines of a moment and a body, as they were
-- written, in one zlib stream. What is younger than the last pack of its cluster still lies in `decisions`.
CREATE TABLE decision_packs (
    number  INTEGER NOT NULL PRIMARY KEY,   -- of two decisions of one moment, that of the lower number came first
    cluster TEXT    NOT NULL,
    first   INTEGER NOT NULL,        -- the earliest moment in it
    last    INTEGER NOT NULL,        -- the latest
    body    BLOB    NOT NULL
) STRICT;

CREATE INDEX decision_packs_cluster ON decision_packs (cluster, first, last);
CREATE INDEX decision_packs_first   ON decision_packs (first);

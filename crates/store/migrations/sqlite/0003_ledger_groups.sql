-- What the ledger is added up by, beside the lines themselves, and an index that holds all of it: a report reads nothing
-- else. A line lies within one day, so one that reaches into a span began at most a day before it.

DROP TRIGGER ledger_holds;

ALTER TABLE ledger ADD COLUMN kind    TEXT    NOT NULL DEFAULT 'worker';
ALTER TABLE ledger ADD COLUMN machine TEXT    NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN profile TEXT    NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN tags    TEXT;              -- JSON; absent when there are none
ALTER TABLE ledger ADD COLUMN idle    INTEGER NOT NULL DEFAULT 0;

UPDATE ledger SET kind = json_extract(body, '$.kind'), tags = NULLIF(json_extract(body, '$.tags'), '{}');

CREATE TRIGGER ledger_holds BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger lines are never changed'); END;

CREATE INDEX ledger_sums ON ledger
    (owner, started_at, ended_at, cost, idle, kind, machine, profile, cluster, job, tags);

-- Lines of lives that were measured by a clock that was wrong by years.
CREATE INDEX ledger_long ON ledger (started_at) WHERE ended_at - started_at > 86400000000;

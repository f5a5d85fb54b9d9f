-- Where a run stands, and when something is to be done for it: 0 while it is under way, and never, which is the greatest
-- number there is, while only a person can say how it goes on. A run that ended in want of attention waits for it now.
ALTER TABLE runs ADD COLUMN standing TEXT NOT NULL DEFAULT 'under-way';
ALTER TABLE runs ADD COLUMN wake_at INTEGER NOT NULL DEFAULT 0;         -- milliseconds since 1970
UPDATE runs SET standing = 'ended', wake_at = 9223372036854775807 WHERE ending IS NOT NULL;
UPDATE runs SET standing = 'needs-attention', ending = NULL WHERE ending = 'needs-attention';
DROP INDEX runs_unfinished;
CREATE INDEX runs_by_wake ON runs (wake_at, number) WHERE ending IS NULL;

-- What people asked for and the engine has not done.
CREATE TABLE interventions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL REFERENCES runs (run),
    at INTEGER NOT NULL,                    -- milliseconds since 1970
    version INTEGER NOT NULL,               -- the format of `json`
    json TEXT NOT NULL
) STRICT;
CREATE INDEX interventions_of_run ON interventions (run, number);

-- Which engine drives the records: each one that takes them over raises the epoch.
CREATE TABLE store (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO store (only, epoch) VALUES (1, 0);

-- One row a run. The large columns come last, so that lists don't read them.
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,             -- the order of acceptance
    run TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    platform TEXT NOT NULL,
    conversation TEXT NOT NULL,
    revision INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,           -- milliseconds since 1970
    fence INTEGER NOT NULL,                 -- the epoch of the engine that accepted it
    ending TEXT,                            -- one word; null: it hasn't ended
    version INTEGER NOT NULL,               -- the format of `json`
    json TEXT NOT NULL,                     -- the conversation
    raw BLOB NOT NULL,                      -- the payload as it arrived
    UNIQUE (tenant, platform, conversation, revision)
) STRICT;
CREATE INDEX runs_by_time ON runs (accepted_at, number);
CREATE INDEX runs_of_tenant_by_time ON runs (tenant, accepted_at, number);
CREATE INDEX runs_unfinished ON runs (accepted_at, number) WHERE ending IS NULL;

-- The journals.
CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs (run),
    seq INTEGER NOT NULL,                   -- the place in the journal, from 0
    at INTEGER NOT NULL,                    -- milliseconds since 1970
    version INTEGER NOT NULL,               -- the format of `json`
    json TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT;

-- The ledger. It spans the revisions of a conversation, so no row belongs to a run.
CREATE TABLE effects (
    key TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    platform TEXT NOT NULL,
    conversation TEXT NOT NULL,
    tool TEXT NOT NULL,                     -- plugin/tool
    state TEXT NOT NULL,                    -- one word, for people: `json` is what counts
    version INTEGER NOT NULL,               -- the format of `json`
    json TEXT NOT NULL
) STRICT;

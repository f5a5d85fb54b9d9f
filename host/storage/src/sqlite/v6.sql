-- Calls of which no run has begun.
CREATE TABLE waiting (
    number INTEGER PRIMARY KEY,             -- the order in which they came
    tenant TEXT NOT NULL,
    platform TEXT NOT NULL,
    conversation TEXT NOT NULL,
    call TEXT,                              -- another name that its events share
    endpoint TEXT NOT NULL,
    since INTEGER NOT NULL,                 -- milliseconds since 1970
    ready_at INTEGER NOT NULL,              -- milliseconds since 1970
    tries INTEGER NOT NULL DEFAULT 0,
    trouble TEXT,                           -- why its run could not begin, the last time
    UNIQUE (tenant, platform, conversation)
) STRICT;
CREATE INDEX waiting_by_time ON waiting (ready_at, number);
CREATE INDEX waiting_by_call ON waiting (tenant, platform, call) WHERE call IS NOT NULL;

-- What came: the events of waiting calls, and those that are of none, which are kept for a while.
CREATE TABLE arrivals (
    number INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they came; none is used twice
    waiting INTEGER REFERENCES waiting (number), -- null: of no call that waits
    tenant TEXT NOT NULL,
    platform TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    call TEXT,                              -- where it is of no call that waits: the name that its call's events share
    event TEXT NOT NULL,                    -- in the platform's word
    at INTEGER NOT NULL,                    -- milliseconds since 1970
    raw BLOB NOT NULL                       -- the event as it came
) STRICT;
CREATE INDEX arrivals_of_waiting ON arrivals (waiting, number) WHERE waiting IS NOT NULL;
CREATE INDEX arrivals_kept ON arrivals (at) WHERE waiting IS NULL;
CREATE INDEX arrivals_by_kind ON arrivals (tenant, endpoint, event, number) WHERE waiting IS NULL AND call IS NULL;
CREATE INDEX arrivals_by_call ON arrivals (tenant, platform, call) WHERE waiting IS NULL AND call IS NOT NULL;

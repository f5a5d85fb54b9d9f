-- When a run ended: a conversation is kept for so long after the last of its runs did.
ALTER TABLE runs ADD COLUMN ended_at INTEGER;           -- milliseconds since 1970; null: it hasn't ended
UPDATE runs SET ended_at =
    ifnull((SELECT at FROM events WHERE events.run = runs.run ORDER BY seq DESC LIMIT 1), accepted_at)
    WHERE ending IS NOT NULL;
CREATE INDEX runs_by_end ON runs (tenant, ended_at) WHERE ended_at IS NOT NULL;

CREATE INDEX effects_of_conversation ON effects (tenant, platform, conversation);

-- Conversations that were deleted, so that none of them begins anew. No word of them is in here.
CREATE TABLE forgotten (
    conversation TEXT NOT NULL PRIMARY KEY, -- the digest of its tenant, its platform and its name there
    at INTEGER NOT NULL                     -- milliseconds since 1970: when it was deleted
) STRICT, WITHOUT ROWID;

-- Payload and conversation apart from what changes of a run: each change wrote them anew.
CREATE TABLE conversations (
    run INTEGER PRIMARY KEY REFERENCES runs (number),
    version INTEGER NOT NULL,               -- the format of `json`
    json TEXT NOT NULL,                     -- the conversation
    raw BLOB NOT NULL                       -- the payload as it arrived
) STRICT;
INSERT INTO conversations (run, version, json, raw) SELECT number, version, json, raw FROM runs;
ALTER TABLE runs DROP COLUMN version;
ALTER TABLE runs DROP COLUMN json;
ALTER TABLE runs DROP COLUMN raw;

-- Journals by the numbers of their runs instead of their names: what runs write that are under way at the same time lies
-- side by side then, and a commit writes few pages.
CREATE TABLE journal (
    run INTEGER NOT NULL REFERENCES runs (number),
    seq INTEGER NOT NULL,                   -- the place in the journal, from 0
    at INTEGER NOT NULL,                    -- milliseconds since 1970
    version INTEGER NOT NULL,               -- the format of `json`
    json TEXT NOT NULL
) STRICT;
INSERT INTO journal (run, seq, at, version, json)
    SELECT runs.number, seq, at, events.version, events.json FROM events JOIN runs USING (run) ORDER BY events.rowid;
DROP TABLE events;
ALTER TABLE journal RENAME TO events;
CREATE UNIQUE INDEX events_by_place ON events (run, seq);

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

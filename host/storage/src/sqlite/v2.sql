-- What effects are counted by, so that `state` counts now too. In rows from before: null, as it isn't known.
ALTER TABLE effects ADD COLUMN run TEXT;                -- the run in which it began to count
ALTER TABLE effects ADD COLUMN contact TEXT;            -- a digest, of the contact or of the conversation
ALTER TABLE effects ADD COLUMN attempted_at INTEGER;    -- milliseconds since 1970: when its newest attempt began
CREATE INDEX effects_of_run ON effects (run);
CREATE INDEX effects_of_contact ON effects (tenant, contact, attempted_at);

-- What tenants consented to, a row for each component.
CREATE TABLE consents (
    number INTEGER PRIMARY KEY,             -- the order in which they were given
    tenant TEXT NOT NULL,
    plugin TEXT NOT NULL,
    digest TEXT NOT NULL,
    how TEXT NOT NULL,                      -- one word
    at INTEGER NOT NULL,                    -- milliseconds since 1970
    version INTEGER NOT NULL,               -- the format of `json`
    json TEXT NOT NULL,                     -- what the component asks for
    UNIQUE (tenant, plugin, digest)
) STRICT;

-- What plugins keep, in a space for each tenant. A version is never given twice, so that whoever compares
-- versions also notices that a value was deleted and written anew.
CREATE TABLE plugin_state (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    plugin TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (tenant, plugin, key)
) STRICT;

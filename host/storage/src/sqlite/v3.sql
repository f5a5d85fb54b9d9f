-- Refresh tokens that vendors gave in the place of granted ones. They are sealed under a key that isn't in here.
CREATE TABLE refresh_tokens (
    tenant TEXT NOT NULL,
    plugin TEXT NOT NULL,
    slot TEXT NOT NULL,                     -- of the plugin's manifest
    granted TEXT NOT NULL,                  -- the digest of the one that the tenant granted
    sealed BLOB,                            -- null: none was given yet
    claimed_until INTEGER NOT NULL,         -- milliseconds since 1970: whoever uses the newest one has it to himself
    PRIMARY KEY (tenant, plugin, slot, granted)
) STRICT;

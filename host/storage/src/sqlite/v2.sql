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

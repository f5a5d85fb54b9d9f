-- What tenants have used of models, by the day. Nothing here is of a conversation.
CREATE TABLE spent (
    tenant TEXT NOT NULL,
    day INTEGER NOT NULL,                   -- days since 1970-01-01, of UTC
    turns INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,         -- of those, what providers have read from their caches
    output_tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,                  -- millionths of the operator's currency
    PRIMARY KEY (tenant, day)
) STRICT, WITHOUT ROWID;

-- Times are milliseconds since 1970-01-01T00:00Z, durations milliseconds. COLLATE "C" compares as bytes,
-- whatever the database's own order of words is. Every statement may be run again.

-- One row, slot 1: whom this database answers for.
CREATE TABLE IF NOT EXISTS sandkeeper_deployment (
    slot INTEGER NOT NULL PRIMARY KEY,
    id VARCHAR(40) COLLATE "C" NOT NULL,
    database_id VARCHAR(36) COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    lives_at VARCHAR(5000) COLLATE "C" NOT NULL,
    confirmed BOOLEAN NOT NULL
);

CREATE TABLE IF NOT EXISTS sandkeeper_sandbox (
    id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    backend VARCHAR(64) COLLATE "C" NOT NULL,
    retention VARCHAR(16) COLLATE "C" NOT NULL,
    lifetime VARCHAR(16) COLLATE "C" NOT NULL,
    owner VARCHAR(255) COLLATE "C",
    session_key VARCHAR(255) COLLATE "C",
    image VARCHAR(1024) COLLATE "C",
    spec TEXT COLLATE "C" NOT NULL,
    labels TEXT COLLATE "C" NOT NULL,
    creator VARCHAR(500) COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    state VARCHAR(16) COLLATE "C" NOT NULL,
    provider_ref VARCHAR(255) COLLATE "C",
    time_to_live BIGINT,
    idle_timeout BIGINT,
    expires_at BIGINT,
    last_active_at BIGINT NOT NULL,
    busy_until BIGINT,
    due_at BIGINT NOT NULL,
    settled_at BIGINT,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT,
    last_error VARCHAR(1000) COLLATE "C",
    lease_owner VARCHAR(500) COLLATE "C",
    lease_until BIGINT,
    fence BIGINT NOT NULL,
    claimed_at BIGINT,
    end_reason VARCHAR(1000) COLLATE "C",
    end_policy VARCHAR(500) COLLATE "C",
    ended_by VARCHAR(500) COLLATE "C",
    usage_report TEXT COLLATE "C",
    freed_bytes BIGINT,
    audit TEXT COLLATE "C" NOT NULL
);

CREATE INDEX IF NOT EXISTS sandkeeper_sandbox_due ON sandkeeper_sandbox (due_at, id);
CREATE INDEX IF NOT EXISTS sandkeeper_sandbox_owner ON sandkeeper_sandbox (owner, id);
CREATE INDEX IF NOT EXISTS sandkeeper_sandbox_ref ON sandkeeper_sandbox (provider_ref);
CREATE INDEX IF NOT EXISTS sandkeeper_sandbox_state ON sandkeeper_sandbox (state, attempts);
CREATE UNIQUE INDEX IF NOT EXISTS sandkeeper_sandbox_session ON sandkeeper_sandbox (session_key);

-- The labels of live sandboxes once more, to be found by.
CREATE TABLE IF NOT EXISTS sandkeeper_label (
    sandbox_id VARCHAR(36) COLLATE "C" NOT NULL,
    label_name VARCHAR(100) COLLATE "C" NOT NULL,
    label_value VARCHAR(255) COLLATE "C" NOT NULL,
    PRIMARY KEY (sandbox_id, label_name)
);

CREATE INDEX IF NOT EXISTS sandkeeper_label_value ON sandkeeper_label (label_name, label_value, sandbox_id);

-- One row a sandbox that has ended, as it was at its end.
CREATE TABLE IF NOT EXISTS sandkeeper_history (
    id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    backend VARCHAR(64) COLLATE "C" NOT NULL,
    retention VARCHAR(16) COLLATE "C" NOT NULL,
    lifetime VARCHAR(16) COLLATE "C" NOT NULL,
    owner VARCHAR(255) COLLATE "C",
    session_key VARCHAR(255) COLLATE "C",
    image VARCHAR(1024) COLLATE "C",
    spec TEXT COLLATE "C" NOT NULL,
    labels TEXT COLLATE "C" NOT NULL,
    creator VARCHAR(500) COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    state VARCHAR(16) COLLATE "C" NOT NULL,
    provider_ref VARCHAR(255) COLLATE "C",
    time_to_live BIGINT,
    idle_timeout BIGINT,
    expires_at BIGINT,
    last_active_at BIGINT NOT NULL,
    busy_until BIGINT,
    due_at BIGINT NOT NULL,
    settled_at BIGINT,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT,
    last_error VARCHAR(1000) COLLATE "C",
    lease_owner VARCHAR(500) COLLATE "C",
    lease_until BIGINT,
    fence BIGINT NOT NULL,
    claimed_at BIGINT,
    end_reason VARCHAR(1000) COLLATE "C",
    end_policy VARCHAR(500) COLLATE "C",
    ended_by VARCHAR(500) COLLATE "C",
    usage_report TEXT COLLATE "C",
    freed_bytes BIGINT,
    audit TEXT COLLATE "C" NOT NULL,
    ended_at BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS sandkeeper_history_end ON sandkeeper_history (ended_at, id);
CREATE INDEX IF NOT EXISTS sandkeeper_history_owner ON sandkeeper_history (owner, ended_at, id);

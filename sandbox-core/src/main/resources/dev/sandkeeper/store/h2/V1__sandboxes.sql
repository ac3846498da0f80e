-- Times are milliseconds since 1970-01-01T00:00Z, durations milliseconds. VARCHAR_CASESENSITIVE is VARCHAR that
-- also compares as bytes in a database whose host has set IGNORECASE. Every statement may be run again.

-- One row, slot 1: whom this database answers for.
CREATE TABLE IF NOT EXISTS sandkeeper_deployment (
    slot INTEGER NOT NULL PRIMARY KEY,
    id VARCHAR_CASESENSITIVE(40) NOT NULL,
    database_id VARCHAR_CASESENSITIVE(36) NOT NULL,
    created_at BIGINT NOT NULL,
    lives_at VARCHAR_CASESENSITIVE(5000) NOT NULL,
    confirmed BOOLEAN NOT NULL
);

CREATE TABLE IF NOT EXISTS sandkeeper_sandbox (
    id VARCHAR_CASESENSITIVE(36) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    backend VARCHAR_CASESENSITIVE(64) NOT NULL,
    retention VARCHAR_CASESENSITIVE(16) NOT NULL,
    lifetime VARCHAR_CASESENSITIVE(16) NOT NULL,
    owner VARCHAR_CASESENSITIVE(255),
    session_key VARCHAR_CASESENSITIVE(255),
    image VARCHAR_CASESENSITIVE(1024),
    spec VARCHAR_CASESENSITIVE(1000000) NOT NULL,
    labels VARCHAR_CASESENSITIVE(1000000) NOT NULL,
    creator VARCHAR_CASESENSITIVE(500) NOT NULL,
    created_at BIGINT NOT NULL,
    state VARCHAR_CASESENSITIVE(16) NOT NULL,
    provider_ref VARCHAR_CASESENSITIVE(255),
    time_to_live BIGINT,
    idle_timeout BIGINT,
    expires_at BIGINT,
    last_active_at BIGINT NOT NULL,
    busy_until BIGINT,
    due_at BIGINT NOT NULL,
    settled_at BIGINT,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT,
    last_error VARCHAR_CASESENSITIVE(1000),
    lease_owner VARCHAR_CASESENSITIVE(500),
    lease_until BIGINT,
    fence BIGINT NOT NULL,
    claimed_at BIGINT,
    end_reason VARCHAR_CASESENSITIVE(1000),
    end_policy VARCHAR_CASESENSITIVE(500),
    ended_by VARCHAR_CASESENSITIVE(500),
    usage_report VARCHAR_CASESENSITIVE(100000),
    freed_bytes BIGINT,
    audit VARCHAR_CASESENSITIVE(1000000) NOT NULL
);

CREATE INDEX IF NOT EXISTS sandkeeper_sandbox_due ON sandkeeper_sandbox (due_at, id);
CREATE INDEX IF NOT EXISTS sandkeeper_sandbox_owner ON sandkeeper_sandbox (owner, id);
CREATE INDEX IF NOT EXISTS sandkeeper_sandbox_ref ON sandkeeper_sandbox (provider_ref);
CREATE INDEX IF NOT EXISTS sandkeeper_sandbox_state ON sandkeeper_sandbox (state, attempts);
CREATE UNIQUE INDEX IF NOT EXISTS sandkeeper_sandbox_session ON sandkeeper_sandbox (session_key);

-- The labels of live sandboxes once more, to be found by.
CREATE TABLE IF NOT EXISTS sandkeeper_label (
    sandbox_id VARCHAR_CASESENSITIVE(36) NOT NULL,
    label_name VARCHAR_CASESENSITIVE(100) NOT NULL,
    label_value VARCHAR_CASESENSITIVE(255) NOT NULL,
    PRIMARY KEY (sandbox_id, label_name)
);

CREATE INDEX IF NOT EXISTS sandkeeper_label_value ON sandkeeper_label (label_name, label_value, sandbox_id);

-- One row a sandbox that has ended, as it was at its end.
CREATE TABLE IF NOT EXISTS sandkeeper_history (
    id VARCHAR_CASESENSITIVE(36) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    backend VARCHAR_CASESENSITIVE(64) NOT NULL,
    retention VARCHAR_CASESENSITIVE(16) NOT NULL,
    lifetime VARCHAR_CASESENSITIVE(16) NOT NULL,
    owner VARCHAR_CASESENSITIVE(255),
    session_key VARCHAR_CASESENSITIVE(255),
    image VARCHAR_CASESENSITIVE(1024),
    spec VARCHAR_CASESENSITIVE(1000000) NOT NULL,
    labels VARCHAR_CASESENSITIVE(1000000) NOT NULL,
    creator VARCHAR_CASESENSITIVE(500) NOT NULL,
    created_at BIGINT NOT NULL,
    state VARCHAR_CASESENSITIVE(16) NOT NULL,
    provider_ref VARCHAR_CASESENSITIVE(255),
    time_to_live BIGINT,
    idle_timeout BIGINT,
    expires_at BIGINT,
    last_active_at BIGINT NOT NULL,
    busy_until BIGINT,
    due_at BIGINT NOT NULL,
    settled_at BIGINT,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT,
    last_error VARCHAR_CASESENSITIVE(1000),
    lease_owner VARCHAR_CASESENSITIVE(500),
    lease_until BIGINT,
    fence BIGINT NOT NULL,
    claimed_at BIGINT,
    end_reason VARCHAR_CASESENSITIVE(1000),
    end_policy VARCHAR_CASESENSITIVE(500),
    ended_by VARCHAR_CASESENSITIVE(500),
    usage_report VARCHAR_CASESENSITIVE(100000),
    freed_bytes BIGINT,
    audit VARCHAR_CASESENSITIVE(1000000) NOT NULL,
    ended_at BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS sandkeeper_history_end ON sandkeeper_history (ended_at, id);
CREATE INDEX IF NOT EXISTS sandkeeper_history_owner ON sandkeeper_history (owner, ended_at, id);

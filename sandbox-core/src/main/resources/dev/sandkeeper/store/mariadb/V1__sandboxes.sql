-- Times are milliseconds since 1970-01-01T00:00Z, durations milliseconds. utf8mb4_nopad_bin compares as bytes,
-- trailing spaces too. Every statement may be run again.

-- One row, slot 1: whom this database answers for.
CREATE TABLE IF NOT EXISTS sandkeeper_deployment (
    slot INTEGER NOT NULL PRIMARY KEY,
    id VARCHAR(40) NOT NULL,
    database_id VARCHAR(36) NOT NULL,
    created_at BIGINT NOT NULL,
    lives_at VARCHAR(5000) NOT NULL,
    confirmed BOOLEAN NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS sandkeeper_sandbox (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    backend VARCHAR(64) NOT NULL,
    retention VARCHAR(16) NOT NULL,
    lifetime VARCHAR(16) NOT NULL,
    owner VARCHAR(255),
    session_key VARCHAR(255),
    image VARCHAR(1024),
    spec MEDIUMTEXT NOT NULL,
    labels MEDIUMTEXT NOT NULL,
    creator VARCHAR(500) NOT NULL,
    created_at BIGINT NOT NULL,
    state VARCHAR(16) NOT NULL,
    provider_ref VARCHAR(255),
    time_to_live BIGINT,
    idle_timeout BIGINT,
    expires_at BIGINT,
    last_active_at BIGINT NOT NULL,
    busy_until BIGINT,
    due_at BIGINT NOT NULL,
    settled_at BIGINT,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT,
    last_error VARCHAR(1000),
    lease_owner VARCHAR(500),
    lease_until BIGINT,
    fence BIGINT NOT NULL,
    claimed_at BIGINT,
    end_reason VARCHAR(1000),
    end_policy VARCHAR(500),
    ended_by VARCHAR(500),
    usage_report MEDIUMTEXT,
    freed_bytes BIGINT,
    audit MEDIUMTEXT NOT NULL,
    KEY sandkeeper_sandbox_due (due_at, id),
    KEY sandkeeper_sandbox_owner (owner, id),
    KEY sandkeeper_sandbox_ref (provider_ref),
    KEY sandkeeper_sandbox_state (state, attempts),
    UNIQUE KEY sandkeeper_sandbox_session (session_key)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The labels of live sandboxes once more, to be found by.
CREATE TABLE IF NOT EXISTS sandkeeper_label (
    sandbox_id VARCHAR(36) NOT NULL,
    label_name VARCHAR(100) NOT NULL,
    label_value VARCHAR(255) NOT NULL,
    PRIMARY KEY (sandbox_id, label_name),
    KEY sandkeeper_label_value (label_name, label_value, sandbox_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- One row a sandbox that has ended, as it was at its end.
CREATE TABLE IF NOT EXISTS sandkeeper_history (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    backend VARCHAR(64) NOT NULL,
    retention VARCHAR(16) NOT NULL,
    lifetime VARCHAR(16) NOT NULL,
    owner VARCHAR(255),
    session_key VARCHAR(255),
    image VARCHAR(1024),
    spec MEDIUMTEXT NOT NULL,
    labels MEDIUMTEXT NOT NULL,
    creator VARCHAR(500) NOT NULL,
    created_at BIGINT NOT NULL,
    state VARCHAR(16) NOT NULL,
    provider_ref VARCHAR(255),
    time_to_live BIGINT,
    idle_timeout BIGINT,
    expires_at BIGINT,
    last_active_at BIGINT NOT NULL,
    busy_until BIGINT,
    due_at BIGINT NOT NULL,
    settled_at BIGINT,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT,
    last_error VARCHAR(1000),
    lease_owner VARCHAR(500),
    lease_until BIGINT,
    fence BIGINT NOT NULL,
    claimed_at BIGINT,
    end_reason VARCHAR(1000),
    end_policy VARCHAR(500),
    ended_by VARCHAR(500),
    usage_report MEDIUMTEXT,
    freed_bytes BIGINT,
    audit MEDIUMTEXT NOT NULL,
    ended_at BIGINT NOT NULL,
    KEY sandkeeper_history_end (ended_at, id),
    KEY sandkeeper_history_owner (owner, ended_at, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

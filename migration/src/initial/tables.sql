-- Tables of the first version. `:uuid` and `:bytes` stand for the types that SQLite and PostgreSQL
-- name differently. Money is nano-dollars, time is microseconds since 1970.

CREATE TABLE account (
    id :uuid NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    telegram_user_id bigint UNIQUE,
    balance_nano bigint NOT NULL,
    credited_nano bigint NOT NULL,
    event_seq bigint NOT NULL,
    ledger_seq bigint NOT NULL,
    ledger_hash :bytes NOT NULL,
    frozen_at bigint,
    created_at bigint NOT NULL,
    CHECK (balance_nano >= 0),
    CHECK (kind IN ('OWNER', 'PLATFORM', 'FUNDING', 'REVENUE'))
);

CREATE TABLE provider_key (
    id :uuid NOT NULL PRIMARY KEY,
    owner_id :uuid NOT NULL REFERENCES account (id),
    provider text NOT NULL,
    label text,
    envelope :bytes,
    ring_key_id text,
    fingerprint text NOT NULL,
    status text NOT NULL,
    problem_code text,
    problem_provider_code text,
    problem_since bigint,
    problem_retry_at bigint,
    blocked_at bigint,
    integrity_failed_at bigint,
    paused_until bigint,
    prepaid boolean NOT NULL,
    native_balance text,
    balance_nano bigint,
    read_started_at bigint,
    read_at bigint,
    quiet_balance_nano bigint,
    quiet_started_at bigint,
    quiet_read_at bigint,
    evidence_nano bigint,
    evidence_at bigint,
    evidence_confirmed boolean NOT NULL,
    spent_since_nano bigint NOT NULL,
    held_nano bigint NOT NULL,
    in_flight integer NOT NULL,
    under_review_nano bigint NOT NULL,
    outside_nano bigint NOT NULL,
    credited_nano bigint NOT NULL,
    vouched_nano bigint NOT NULL,
    next_sync_at bigint,
    checkable_at bigint NOT NULL,
    claim :uuid,
    claimed_until bigint,
    backoff integer NOT NULL,
    ever_active boolean NOT NULL,
    first_rejected_at bigint,
    invalid_at bigint,
    removed_at bigint,
    submitted_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    version bigint NOT NULL,
    CHECK (held_nano >= 0 AND in_flight >= 0 AND under_review_nano >= 0),
    UNIQUE (owner_id, provider, fingerprint),
    CHECK (status IN ('PENDING', 'ACTIVE', 'DEPLETED', 'INVALID', 'REMOVED'))
);

CREATE TABLE attempt (
    id :uuid NOT NULL PRIMARY KEY,
    principal text NOT NULL,
    task_id text NOT NULL,
    number integer NOT NULL,
    requester_id :uuid REFERENCES account (id),
    request text NOT NULL,
    key_id :uuid NOT NULL REFERENCES provider_key (id),
    owner_id :uuid NOT NULL REFERENCES account (id),
    provider text NOT NULL,
    task_type text NOT NULL,
    proxied boolean NOT NULL,
    key_class text NOT NULL,
    state text NOT NULL,
    estimate_nano bigint NOT NULL,
    body_hash :bytes,
    dialect text,
    provider_task_id text,
    reply text,
    error_code text,
    cost_nano bigint,
    cost_raw text,
    cost_source text,
    before_nano bigint,
    verdict text,
    decision text NOT NULL,
    token_ring_key_id text NOT NULL,
    opened_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    sent_at bigint,
    poll_at bigint,
    polls integer NOT NULL,
    returned_at bigint,
    ended_at bigint,
    UNIQUE (principal, task_id, number),
    UNIQUE (key_id, provider_task_id),
    CHECK (estimate_nano >= 0)
);

CREATE TABLE transfer (
    id :uuid NOT NULL PRIMARY KEY,
    account_id :uuid NOT NULL REFERENCES account (id),
    counter_account_id :uuid NOT NULL REFERENCES account (id),
    amount_nano bigint NOT NULL,
    kind text NOT NULL,
    attempt_id :uuid REFERENCES attempt (id),
    key_id :uuid REFERENCES provider_key (id),
    task_type text,
    cost_source text,
    corrects_transfer_id :uuid REFERENCES transfer (id),
    correction_reason text,
    principal text,
    idempotency_key text,
    request_hash :bytes,
    note text,
    seq bigint NOT NULL,
    balance_after_nano bigint NOT NULL,
    hash :bytes NOT NULL,
    posted_at bigint NOT NULL,
    CHECK (amount_nano <> 0),
    UNIQUE (account_id, seq),
    UNIQUE (principal, idempotency_key),
    UNIQUE (corrects_transfer_id, correction_reason)
);

CREATE TABLE provisional_credit (
    transfer_id :uuid NOT NULL PRIMARY KEY REFERENCES transfer (id),
    key_id :uuid NOT NULL REFERENCES provider_key (id),
    remaining_nano bigint NOT NULL,
    readings_left integer NOT NULL,
    seq bigint NOT NULL,
    settled_at bigint NOT NULL,
    CHECK (remaining_nano >= 0)
);

CREATE TABLE event (
    account_id :uuid NOT NULL REFERENCES account (id),
    seq bigint NOT NULL,
    kind text NOT NULL,
    payload text NOT NULL,
    occurred_at bigint NOT NULL,
    PRIMARY KEY (account_id, seq)
);

CREATE TABLE balance_sample (
    key_id :uuid NOT NULL REFERENCES provider_key (id),
    at bigint NOT NULL,
    balance_nano bigint NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (key_id, at)
);

CREATE TABLE route_stat (
    provider text NOT NULL,
    task_type text NOT NULL,
    bucket bigint NOT NULL,
    samples bigint NOT NULL,
    solved bigint NOT NULL,
    costed bigint NOT NULL,
    cost_nano bigint NOT NULL,
    solve_ms bigint NOT NULL,
    PRIMARY KEY (provider, task_type, bucket)
);

CREATE TABLE service_token (
    id :uuid NOT NULL PRIMARY KEY,
    service text NOT NULL,
    token_hash :bytes NOT NULL UNIQUE,
    scopes text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint
);

CREATE TABLE audit_log (
    id :uuid NOT NULL PRIMARY KEY,
    occurred_at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target_kind text,
    target_id :uuid,
    request_id text,
    note text
);

CREATE TABLE known_bad_key (
    provider text NOT NULL,
    fingerprint text NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (provider, fingerprint)
);

CREATE TABLE vault_canary (
    ring_key_id text NOT NULL PRIMARY KEY,
    envelope :bytes NOT NULL
);

-- One live copy of a key in the pool, whoever hands it over first.
CREATE UNIQUE INDEX provider_key_live ON provider_key (provider, fingerprint) WHERE envelope IS NOT NULL;

CREATE INDEX provider_key_due ON provider_key (next_sync_at) WHERE next_sync_at IS NOT NULL;

CREATE INDEX provider_key_changed ON provider_key (changed_at);

CREATE INDEX attempt_due ON attempt (poll_at, provider) WHERE poll_at IS NOT NULL;

CREATE INDEX attempt_in_state ON attempt (state, id);

CREATE INDEX attempt_of_principal ON attempt (principal, state);

CREATE INDEX attempt_of_key ON attempt (key_id, state);

CREATE INDEX attempt_returned ON attempt (key_id, returned_at);

CREATE INDEX attempt_with_reply ON attempt (returned_at) WHERE reply IS NOT NULL;

-- An attempt earns one credit, whatever repeats.
CREATE UNIQUE INDEX transfer_credit ON transfer (attempt_id) WHERE kind = 'RECYCLE_CREDIT';

CREATE INDEX transfer_of_key ON transfer (key_id, seq);

CREATE INDEX provisional_credit_of_key ON provisional_credit (key_id, seq);

CREATE INDEX event_age ON event (occurred_at);

CREATE INDEX audit_log_target ON audit_log (target_id, id);

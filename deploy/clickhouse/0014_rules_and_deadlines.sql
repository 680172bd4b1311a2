-- Which rule decided, the deadlines, the ring and what else an offer and a step say. Rows that were written before say
-- nothing of it: empty, 0 or NULL.
-- The local table comes first: a Distributed table must never name a column that its shards lack.

ALTER TABLE {database}.posts{local} {on_cluster}
    ADD COLUMN IF NOT EXISTS rule LowCardinality(String) COMMENT 'that decided, or would have without doubt; empty: none' AFTER queue,
    ADD COLUMN IF NOT EXISTS adding_rules Array(LowCardinality(String)) COMMENT 'that added something before it' AFTER rule;

-- cluster only
ALTER TABLE {database}.posts {on_cluster}
    ADD COLUMN IF NOT EXISTS rule LowCardinality(String) COMMENT 'that decided, or would have without doubt; empty: none' AFTER queue,
    ADD COLUMN IF NOT EXISTS adding_rules Array(LowCardinality(String)) COMMENT 'that added something before it' AFTER rule;

ALTER TABLE {database}.case_events{local} {on_cluster}
    ADD COLUMN IF NOT EXISTS state LowCardinality(String) COMMENT 'of the case after the step; empty: closed, or not stated' AFTER respond_by,
    ADD COLUMN IF NOT EXISTS ring UInt8 COMMENT 'that the case has reached; 0: before the first' AFTER state,
    ADD COLUMN IF NOT EXISTS deadline LowCardinality(String) COMMENT 'first_response, next_response, resolution, reply_window: clock of the step; empty: about none' AFTER ring,
    ADD COLUMN IF NOT EXISTS due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when that clock is due' AFTER deadline,
    ADD COLUMN IF NOT EXISTS breached_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when that clock was missed' AFTER due_at,
    ADD COLUMN IF NOT EXISTS channel LowCardinality(String) COMMENT 'public, direct: where the brand answered, of replied' AFTER breached_at,
    ADD COLUMN IF NOT EXISTS answers_private Bool COMMENT 'a public answer to what the customer wrote in private' AFTER channel,
    ADD COLUMN IF NOT EXISTS related_case String CODEC(ZSTD(1)) COMMENT 'other case that the step is about; empty: none' AFTER answers_private;

-- cluster only
ALTER TABLE {database}.case_events {on_cluster}
    ADD COLUMN IF NOT EXISTS state LowCardinality(String) COMMENT 'of the case after the step; empty: closed, or not stated' AFTER respond_by,
    ADD COLUMN IF NOT EXISTS ring UInt8 COMMENT 'that the case has reached; 0: before the first' AFTER state,
    ADD COLUMN IF NOT EXISTS deadline LowCardinality(String) COMMENT 'first_response, next_response, resolution, reply_window: clock of the step; empty: about none' AFTER ring,
    ADD COLUMN IF NOT EXISTS due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when that clock is due' AFTER deadline,
    ADD COLUMN IF NOT EXISTS breached_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when that clock was missed' AFTER due_at,
    ADD COLUMN IF NOT EXISTS channel LowCardinality(String) COMMENT 'public, direct: where the brand answered, of replied' AFTER breached_at,
    ADD COLUMN IF NOT EXISTS answers_private Bool COMMENT 'a public answer to what the customer wrote in private' AFTER channel,
    ADD COLUMN IF NOT EXISTS related_case String CODEC(ZSTD(1)) COMMENT 'other case that the step is about; empty: none' AFTER answers_private;

ALTER TABLE {database}.assignments{local} {on_cluster}
    ADD COLUMN IF NOT EXISTS copies UInt64 CODEC(T64, ZSTD(1)) COMMENT 'of them, by others with the same text' AFTER posts_total,
    ADD COLUMN IF NOT EXISTS reposts UInt64 CODEC(T64, ZSTD(1)) COMMENT 'of them' AFTER copies,
    ADD COLUMN IF NOT EXISTS led_by String CODEC(ZSTD(1)) COMMENT 'post of the highest priority, whose row in posts has its signals; empty: gone' AFTER reposts,
    ADD COLUMN IF NOT EXISTS rule LowCardinality(String) COMMENT 'of the policy, that decided about that post, or would have without doubt; empty: none' AFTER led_by,
    ADD COLUMN IF NOT EXISTS topics Array(LowCardinality(String)) COMMENT 'listening topics of its posts' AFTER rule,
    ADD COLUMN IF NOT EXISTS case_state LowCardinality(String) COMMENT 'of the case; empty: not stated' AFTER topics,
    ADD COLUMN IF NOT EXISTS ring UInt8 COMMENT 'that the case has reached; 0: before the first' AFTER case_state,
    ADD COLUMN IF NOT EXISTS earlier UInt8 COMMENT 'of the contact, at most five' AFTER ring,
    ADD COLUMN IF NOT EXISTS consulted UInt8 COMMENT 'asked for advice' AFTER earlier,
    ADD COLUMN IF NOT EXISTS related_case String CODEC(ZSTD(1)) COMMENT 'in whose thread this one began' AFTER consulted,
    ADD COLUMN IF NOT EXISTS brand LowCardinality(String) COMMENT 'addressed, of several of the workspace' AFTER related_case,
    ADD COLUMN IF NOT EXISTS reply_as LowCardinality(String) COMMENT 'account of the brand that shall answer' AFTER brand,
    ADD COLUMN IF NOT EXISTS open_on_platform Bool COMMENT 'no answer by the platform''s interface' AFTER reply_as,
    ADD COLUMN IF NOT EXISTS first_response_due Nullable(DateTime64(3, 'UTC')) COMMENT 'when it is due by the SLA; NULL: no such clock' AFTER respond_by,
    ADD COLUMN IF NOT EXISTS next_response_due Nullable(DateTime64(3, 'UTC')) COMMENT 'when it is due by the SLA; NULL: no such clock' AFTER first_response_due,
    ADD COLUMN IF NOT EXISTS resolution_due Nullable(DateTime64(3, 'UTC')) COMMENT 'when it is due by the SLA; NULL: no such clock' AFTER next_response_due,
    ADD COLUMN IF NOT EXISTS reply_window_ends Nullable(DateTime64(3, 'UTC')) COMMENT 'when the platform takes no more answers' AFTER resolution_due,
    ADD COLUMN IF NOT EXISTS breached Array(LowCardinality(String)) COMMENT 'deadlines that were missed by then' AFTER reply_window_ends;

-- cluster only
ALTER TABLE {database}.assignments {on_cluster}
    ADD COLUMN IF NOT EXISTS copies UInt64 CODEC(T64, ZSTD(1)) COMMENT 'of them, by others with the same text' AFTER posts_total,
    ADD COLUMN IF NOT EXISTS reposts UInt64 CODEC(T64, ZSTD(1)) COMMENT 'of them' AFTER copies,
    ADD COLUMN IF NOT EXISTS led_by String CODEC(ZSTD(1)) COMMENT 'post of the highest priority, whose row in posts has its signals; empty: gone' AFTER reposts,
    ADD COLUMN IF NOT EXISTS rule LowCardinality(String) COMMENT 'of the policy, that decided about that post, or would have without doubt; empty: none' AFTER led_by,
    ADD COLUMN IF NOT EXISTS topics Array(LowCardinality(String)) COMMENT 'listening topics of its posts' AFTER rule,
    ADD COLUMN IF NOT EXISTS case_state LowCardinality(String) COMMENT 'of the case; empty: not stated' AFTER topics,
    ADD COLUMN IF NOT EXISTS ring UInt8 COMMENT 'that the case has reached; 0: before the first' AFTER case_state,
    ADD COLUMN IF NOT EXISTS earlier UInt8 COMMENT 'of the contact, at most five' AFTER ring,
    ADD COLUMN IF NOT EXISTS consulted UInt8 COMMENT 'asked for advice' AFTER earlier,
    ADD COLUMN IF NOT EXISTS related_case String CODEC(ZSTD(1)) COMMENT 'in whose thread this one began' AFTER consulted,
    ADD COLUMN IF NOT EXISTS brand LowCardinality(String) COMMENT 'addressed, of several of the workspace' AFTER related_case,
    ADD COLUMN IF NOT EXISTS reply_as LowCardinality(String) COMMENT 'account of the brand that shall answer' AFTER brand,
    ADD COLUMN IF NOT EXISTS open_on_platform Bool COMMENT 'no answer by the platform''s interface' AFTER reply_as,
    ADD COLUMN IF NOT EXISTS first_response_due Nullable(DateTime64(3, 'UTC')) COMMENT 'when it is due by the SLA; NULL: no such clock' AFTER respond_by,
    ADD COLUMN IF NOT EXISTS next_response_due Nullable(DateTime64(3, 'UTC')) COMMENT 'when it is due by the SLA; NULL: no such clock' AFTER first_response_due,
    ADD COLUMN IF NOT EXISTS resolution_due Nullable(DateTime64(3, 'UTC')) COMMENT 'when it is due by the SLA; NULL: no such clock' AFTER next_response_due,
    ADD COLUMN IF NOT EXISTS reply_window_ends Nullable(DateTime64(3, 'UTC')) COMMENT 'when the platform takes no more answers' AFTER resolution_due,
    ADD COLUMN IF NOT EXISTS breached Array(LowCardinality(String)) COMMENT 'deadlines that were missed by then' AFTER reply_window_ends;

-- One row a case, from its steps: when it came, how often it changed hands, when it was answered, and how it ended.
CREATE OR REPLACE VIEW {database}.cases {on_cluster} AS
SELECT
    workspace,
    case_id,
    opened_at,
    first_queue,
    last_queue AS queue,
    last_team AS team,
    most_priority AS priority,
    last_type IN ('resolved', 'closed', 'canceled', 'merged') AS is_closed,
    if(is_closed, 'closed', last_state) AS state,
    if(is_closed, last_reason, '') AS outcome,
    if(is_closed, last_at, NULL) AS closed_at,
    attempts,
    rejected,
    timed_out,
    transferred,
    reopened,
    most_ring AS ring,
    first_assigned_at,
    first_reply_at,
    dateDiff('millisecond', opened_at, first_assigned_at) / 1000 AS until_assigned_s,
    dateDiff('millisecond', opened_at, first_reply_at) / 1000 AS until_reply_s,
    breached,
    public_to_private
FROM (
    SELECT
        workspace,
        case_id,
        min(at) AS opened_at,
        argMin(queue, seq) AS first_queue,
        argMax(queue, seq) AS last_queue,
        argMax(team, seq) AS last_team,
        max(priority) AS most_priority,
        argMax(type, seq) AS last_type,
        argMax(state, seq) AS last_state,
        argMax(reason, seq) AS last_reason,
        max(at) AS last_at,
        max(attempt) AS attempts,
        countIf(type = 'rejected') AS rejected,
        countIf(type = 'timed_out') AS timed_out,
        countIf(type = 'transferred') AS transferred,
        countIf(type = 'reopened') AS reopened,
        max(ring) AS most_ring,
        minIfOrNull(at, type = 'assigned') AS first_assigned_at,
        minIfOrNull(at, type = 'replied') AS first_reply_at,
        arraySort(groupUniqArrayIf(reason, type = 'breached')) AS breached,
        countIf(answers_private) AS public_to_private
    FROM {database}.case_events FINAL
    -- A step about a case that was not open has no queue, and no number among those of the case.
    WHERE queue != ''
    GROUP BY workspace, case_id
);

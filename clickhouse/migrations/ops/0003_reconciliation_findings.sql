-- Every difference by name, with both sides as they were, so that it can still be explained when it is healed.
CREATE TABLE ops.reconciliation_findings
(
    found_at    DateTime64(3, 'UTC')      COMMENT 'When it was found: checked_at of its run',
    subject     LowCardinality(String)    COMMENT 'purchase, customer (over the chain), customer_branch (in one branch), product or branch',
    kind        LowCardinality(String)    COMMENT 'lost: only in Postgres; extra: only in ClickHouse; different: in both, with other content',
    purchase_id Nullable(UUID)            COMMENT 'The purchase; NULL for anything else',
    customer_id Nullable(UUID)            COMMENT 'The customer; NULL for anything else',
    product_id  LowCardinality(String)    COMMENT 'The product; empty for anything else',
    branch_id   LowCardinality(String)    COMMENT 'Branch; empty for a customer over the chain',
    slot        Nullable(DateTime('UTC')) COMMENT 'Quarter of an hour of the sale; NULL for anything but a purchase',
    clickhouse  String                    COMMENT 'What ClickHouse had, JSON; empty for nothing' CODEC(ZSTD(3)),
    postgres    String                    COMMENT 'What Postgres had, JSON; empty for nothing' CODEC(ZSTD(3)),
    healed      Bool                      COMMENT 'Whether ClickHouse was seen equal to Postgres again before the run ended'
)
ENGINE = ${MergeTree}
PARTITION BY toYYYYMM(found_at)
ORDER BY (found_at, subject)
TTL toDateTime(found_at) + INTERVAL 1 YEAR
COMMENT 'Ops: every difference that the reconciliation found, one row each time it was found';

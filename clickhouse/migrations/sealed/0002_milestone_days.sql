-- How many customers had a milestone on a business day: all-time unique, new and loyal customers are sums over it.
CREATE TABLE sealed.milestone_days
(
    clock       LowCardinality(String) COMMENT 'The shop''s clock by which it was sealed',
    milestone   Enum8('first' = 1, 'loyal' = 2) COMMENT 'First purchase, or the one that reached the loyal threshold',
    branch_id   LowCardinality(String) COMMENT 'Branch; empty: the whole chain',
    day         Date                   COMMENT 'Business day of the milestone' CODEC(Delta, ZSTD(1)),
    customers   UInt64                 COMMENT 'Customers who had it on that day' CODEC(T64, ZSTD(1)),
    stored_rows UInt64                 COMMENT 'Rows of silver.customer_milestones when it was sealed' CODEC(T64, ZSTD(1)),
    stored_hash UInt64                 COMMENT 'Sum of their hashes',
    sealed_at   DateTime64(3, 'UTC')   COMMENT 'When the statement began that sealed it; the newest row counts'
)
ENGINE = ${ReplacingMergeTree}(sealed_at)
ORDER BY (clock, milestone, branch_id, day)
COMMENT 'Customers by the day of a milestone, each row with the fingerprint of its facts. Read with FINAL.';

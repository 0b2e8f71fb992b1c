-- What each comparison of Postgres with ClickHouse covered and found; a few rows every few seconds.
CREATE TABLE ops.reconciliation
(
    checked_at       DateTime64(3, 'UTC')   COMMENT 'When the comparison ended',
    scope            LowCardinality(String) COMMENT 'recent: what either store took in since the last one; purchases, customers, customer_branches: a part of all history, part after part; catalog: products and branches',
    run              UInt64                 COMMENT 'The number of the run, which Postgres counts, too: a higher one here says that Postgres was restored to an earlier moment',
    healing_stopped  LowCardinality(String) COMMENT 'Why nothing that takes something away was healed: restored, too many; empty when healing went on',
    pass_started_at  DateTime64(3, 'UTC')   COMMENT 'When the pass over all history began that this part belongs to; sum the figures of one pass over it. For recent: checked_at',
    pass_finished    Bool                   COMMENT 'Whether this part was the last one of its pass',
    slots            UInt32                 COMMENT 'Groups compared: quarters of an hour × branch for purchases, blocks of customer numbers for customers',
    purchases        UInt64                 COMMENT 'Purchases compared that are not void; adds up within a pass',
    customers        UInt64                 COMMENT 'Snapshots of customers compared; adds up within a pass',
    in_flight        UInt64                 COMMENT 'On their way from Postgres to ClickHouse at that moment: no difference',
    lost             UInt32                 COMMENT 'In Postgres and, after waiting for what was on its way, not in ClickHouse',
    extra            UInt32                 COMMENT 'Counted in ClickHouse and not in Postgres, a purchase counted twice included',
    different        UInt32                 COMMENT 'In both, with other content',
    healed           UInt32                 COMMENT 'Of lost, extra and different: those that were equal again before the run ended',
    duration_ms      UInt32                 COMMENT 'How long it took, waiting included'
)
ENGINE = ${MergeTree}
PARTITION BY toYYYYMM(checked_at)
ORDER BY checked_at
TTL toDateTime(checked_at) + INTERVAL 90 DAY
COMMENT 'Ops: Postgres compared with ClickHouse, one row per run and scope';

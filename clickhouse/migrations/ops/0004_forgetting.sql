-- Customers whom a run of `npm run forget` is about to forget. Its statements read the id here and never hold it themselves:
-- ClickHouse keeps those of finished mutations, and every query in its log. A run drops its rows when it has ended.
CREATE TABLE ops.forgetting
(
    run    UInt64         COMMENT 'Random number of the run',
    former UUID           COMMENT 'The id that goes',
    given  Nullable(UUID) COMMENT 'The random id in its place; NULL where Postgres does not know the customer any more'
)
ENGINE = ${MergeTree}
PARTITION BY run
ORDER BY former
COMMENT 'Ops: customers who are being forgotten, empty but for the minutes that takes'

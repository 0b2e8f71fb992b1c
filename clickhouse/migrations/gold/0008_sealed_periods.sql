-- One table for days and months: a question about a long period reads both, at the price of one.
CREATE TABLE gold.sealed_periods
(
    level                 Enum8('day' = 1, 'month' = 2) COMMENT 'A business day of the shop, or a month of them',
    start                 Date                   COMMENT 'The business day, or the first one of the month',
    branch_id             LowCardinality(String) COMMENT 'Branch',
    stored_count          UInt64                 COMMENT 'Rows in silver.purchases when it was sealed, repeats and old versions included' CODEC(T64, ZSTD(1)),
    stored_hash           UInt64                 COMMENT 'Sum of their hashes',
    merged_count          UInt64                 COMMENT 'The same as it will be when everything is merged' CODEC(T64, ZSTD(1)),
    merged_hash           UInt64                 COMMENT 'Sum of their hashes',
    purchases             UInt64                 COMMENT 'Purchases that are not void' CODEC(T64, ZSTD(1)),
    items                 UInt64                 COMMENT 'Their units' CODEC(T64, ZSTD(1)),
    revenue_minor         Int64                  COMMENT 'Their total in minor units' CODEC(T64, ZSTD(1)),
    newest                DateTime64(3, 'UTC')   COMMENT 'Newest sale among them; 1970 when there is none',
    customers             AggregateFunction(groupBitmap, UInt32) COMMENT 'Numbers of their customers',
    product_ids           Array(LowCardinality(String)) COMMENT 'Products sold; the next three are parallel to it',
    product_units         Array(UInt64)          COMMENT 'Units of each' CODEC(ZSTD(1)),
    product_revenue_minor Array(Int64)           COMMENT 'Revenue of each, minor units' CODEC(ZSTD(1)),
    product_purchases     Array(UInt64)          COMMENT 'Purchases it was in' CODEC(ZSTD(1))
)
ENGINE = ${ReplacingMergeTree}
ORDER BY (level, start, branch_id)
SETTINGS index_granularity = 256
COMMENT 'Figures of a business day or a month in a branch, folded from sealed slots, with the fingerprint of their facts. True only while that is the fingerprint of the facts.';

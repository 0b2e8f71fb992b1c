-- Replaced whole by each new seal. No version column: which of two seals wins does not matter, a row that is not the
-- truth any more is not read.
CREATE TABLE gold.sealed_slots
(
    slot                  DateTime('UTC')        COMMENT 'Quarter of an hour' CODEC(Delta, ZSTD(1)),
    branch_id             LowCardinality(String) COMMENT 'Branch',
    stored_count          UInt64                 COMMENT 'Rows in silver.purchases when it was sealed, repeats and old versions included' CODEC(T64, ZSTD(1)),
    stored_hash           UInt64                 COMMENT 'Sum of their hashes',
    merged_count          UInt64                 COMMENT 'The same as it will be when everything is merged' CODEC(T64, ZSTD(1)),
    merged_hash           UInt64                 COMMENT 'Sum of their hashes',
    purchases             UInt64                 COMMENT 'Purchases that are not void' CODEC(T64, ZSTD(1)),
    items                 UInt64                 COMMENT 'Their units' CODEC(T64, ZSTD(1)),
    revenue_minor         Int64                  COMMENT 'Their total in minor units' CODEC(T64, ZSTD(1)),
    newest                DateTime64(3, 'UTC')   COMMENT 'Newest sale among them; 1970 when there is none' CODEC(Delta, ZSTD(1)),
    customers             AggregateFunction(groupBitmap, UInt32) COMMENT 'Numbers of their customers',
    product_ids           Array(LowCardinality(String)) COMMENT 'Products sold; the next three are parallel to it',
    product_units         Array(UInt64)          COMMENT 'Units of each' CODEC(ZSTD(1)),
    product_revenue_minor Array(Int64)           COMMENT 'Revenue of each, minor units' CODEC(ZSTD(1)),
    product_purchases     Array(UInt64)          COMMENT 'Purchases it was in' CODEC(ZSTD(1))
)
ENGINE = ${ReplacingMergeTree}
PARTITION BY toYear(slot)
ORDER BY (slot, branch_id)
COMMENT 'Figures of a quarter of an hour in a branch, with the fingerprint of the facts they were computed from. True only while that is the slot''s fingerprint: read gold.slots instead.';

-- Takes the place of 0013: also by weekday and hour over months and years, and in smaller partitions, since one that was
-- written to is made one part again. What is sealed can be sealed again at any time.
CREATE OR REPLACE TABLE gold.sealed_spans
(
    level                 Enum8('day' = 1, 'month' = 2, 'year' = 3) COMMENT 'A business day of the shop, or a month or a year of them',
    grain                 Enum8('whole' = 0, 'hour' = 1, 'weekday' = 2) COMMENT 'All of it, one hour of the shop''s clock, or one hour of one weekday (months and years)',
    branch_id             LowCardinality(String) COMMENT 'Branch; empty: the whole chain',
    start                 Date                   COMMENT 'The business day, or the first one of the month or year',
    hour                  Int8                   COMMENT 'Hour of the shop''s clock, 0 to 23; -1 for all of it',
    weekday               UInt8                  COMMENT 'Weekday of the business days, 1 Monday to 7 Sunday; 0 for all of them',
    hour_start            DateTime('UTC')        COMMENT 'When that hour began, of a day; 1970 in all other rows',
    clock                 LowCardinality(String) COMMENT 'The shop''s clock by which it was sealed: time zone and start of the day',
    stored_count          UInt64                 COMMENT 'Rows in silver.purchases when it was sealed, repeats and old versions included' CODEC(T64, ZSTD(1)),
    stored_hash           UInt64                 COMMENT 'Sum of their hashes',
    merged_count          UInt64                 COMMENT 'The same as it will be when everything is merged' CODEC(T64, ZSTD(1)),
    merged_hash           UInt64                 COMMENT 'Sum of their hashes',
    purchases             UInt64                 COMMENT 'Purchases that are not void' CODEC(T64, ZSTD(1)),
    items                 UInt64                 COMMENT 'Their units' CODEC(T64, ZSTD(1)),
    revenue_minor         Int64                  COMMENT 'Their total in minor units' CODEC(T64, ZSTD(1)),
    newest                DateTime64(3, 'UTC')   COMMENT 'Newest sale among them; 1970 when there is none',
    unique_customers      UInt64                 MATERIALIZED bitmapCardinality(customers) COMMENT 'How many customers: saves reading who they were' CODEC(T64, ZSTD(1)),
    customers             AggregateFunction(groupBitmap, UInt32) COMMENT 'Numbers of their customers',
    product_ids           Array(LowCardinality(String)) COMMENT 'Products sold; the next three are parallel to it. Only in rows of all of it',
    product_units         Array(UInt64)          COMMENT 'Units of each' CODEC(ZSTD(1)),
    product_revenue_minor Array(Int64)           COMMENT 'Revenue of each, minor units' CODEC(ZSTD(1)),
    product_purchases     Array(UInt64)          COMMENT 'Purchases it was in' CODEC(ZSTD(1))
)
ENGINE = ${ReplacingMergeTree}
PARTITION BY toUInt8(level) * 1000000 + toYYYYMM(toStartOfQuarter(start))
ORDER BY (level, grain, branch_id, start, hour, weekday, hour_start)
SETTINGS index_granularity = 8
COMMENT 'Figures of business days, months and years, folded from sealed slots, with the fingerprint of their facts. True only while that is the fingerprint of the facts.'

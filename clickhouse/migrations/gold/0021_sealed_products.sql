-- Takes the place of 0019: also by week, so that a part of a month is put together from few bitmaps. What is sealed can be
-- sealed again at any time.
CREATE OR REPLACE TABLE gold.sealed_products
(
    level                    Enum8('day' = 1, 'month' = 2, 'week' = 4) COMMENT 'A business day of the shop, a month of them, or a week of a month: from its 1st, 9th, 17th or 25th to the next of these',
    branch_id                LowCardinality(String) COMMENT 'Branch; empty: all branches of the country',
    start                    Date                   COMMENT 'The business day, or the first one of the week or month',
    country                  LowCardinality(String) COMMENT 'Country, as the branches were in when it was sealed; empty in the rows of a branch',
    clock                    LowCardinality(String) COMMENT 'The shop''s clock by which it was sealed: time zone and start of the day',
    stored_count             UInt64                 COMMENT 'Rows in silver.purchases when it was sealed, repeats and old versions included' CODEC(T64, ZSTD(1)),
    stored_hash              UInt64                 COMMENT 'Sum of their hashes',
    merged_count             UInt64                 COMMENT 'The same as it will be when everything is merged' CODEC(T64, ZSTD(1)),
    merged_hash              UInt64                 COMMENT 'Sum of their hashes',
    newest                   DateTime64(3, 'UTC')   COMMENT 'Newest sale among them; 1970 when there is none',
    product_ids              Array(LowCardinality(String)) COMMENT 'Products sold; the other arrays are parallel to it',
    product_purchases        Array(UInt64)          COMMENT 'Purchases it was in' CODEC(ZSTD(1)),
    product_units            Array(UInt64)          COMMENT 'Units of each' CODEC(ZSTD(1)),
    product_revenue_minor    Array(Int64)           COMMENT 'Revenue of each, minor units' CODEC(ZSTD(1)),
    product_baskets_minor    Array(Int64)           COMMENT 'Total of the purchases it was in, minor units' CODEC(ZSTD(1)),
    product_unique_customers Array(UInt64)          COMMENT 'How many customers bought it' CODEC(ZSTD(1)),
    product_customers        Array(AggregateFunction(groupBitmap, UInt32)) COMMENT 'Numbers of those customers; empty for months'
)
ENGINE = ${ReplacingMergeTree}
PARTITION BY toUInt8(level) * 1000000 + multiIf(level = 'day', toYYYYMM(start), level = 'week', toYYYYMM(toStartOfQuarter(start)), toYYYYMM(toStartOfYear(start)))
ORDER BY (level, branch_id, start, country)
SETTINGS index_granularity = 8
COMMENT 'Figures of every product in business days, weeks and months, by branch and by country, with the fingerprint of their facts. True only while that is the fingerprint of the facts.'

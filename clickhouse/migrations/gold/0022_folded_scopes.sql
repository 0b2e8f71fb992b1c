-- Takes the place of 0020: with the moment after which a fact came late to it. Folds are made again when they are asked for.
CREATE OR REPLACE TABLE gold.folded_scopes
(
    fold                  UUID                   COMMENT 'Which fold: drawn at random by the process that asked for it and remembers what it is of',
    branch_id             LowCardinality(String) COMMENT 'Branch; empty where branches are not told apart',
    hour                  Int8                   COMMENT 'Hour of the shop''s clock, 0 to 23; -1 where hours are not told apart',
    weekday               UInt8                  COMMENT 'Weekday of the business days, 1 Monday to 7 Sunday; 0 where they are not told apart',
    facts_count           UInt64                 COMMENT 'Rows in silver.purchases that the fold is of, repeats and old versions included; the same in each of its rows',
    facts_hash            UInt64                 COMMENT 'Sum of their hashes',
    recorded_until        DateTime64(3, 'UTC')   COMMENT 'None of them was recorded later: what was came late, and is added to the fold',
    purchases             UInt64                 COMMENT 'Purchases that are not void' CODEC(T64, ZSTD(1)),
    items                 UInt64                 COMMENT 'Their units' CODEC(T64, ZSTD(1)),
    revenue_minor         Int64                  COMMENT 'Their total in minor units' CODEC(T64, ZSTD(1)),
    newest                DateTime64(3, 'UTC')   COMMENT 'Newest sale among them; 1970 when there is none',
    customers             AggregateFunction(groupBitmap, UInt32) COMMENT 'Numbers of their customers',
    product_ids           Array(LowCardinality(String)) COMMENT 'Products sold; the next three are parallel to it. Empty for hours',
    product_units         Array(UInt64)          COMMENT 'Units of each' CODEC(ZSTD(1)),
    product_revenue_minor Array(Int64)           COMMENT 'Revenue of each, minor units' CODEC(ZSTD(1)),
    product_purchases     Array(UInt64)          COMMENT 'Purchases it was in' CODEC(ZSTD(1)),
    made_at               DateTime('UTC') DEFAULT now() COMMENT 'When it was made'
)
ENGINE = ${MergeTree}
PARTITION BY toStartOfFifteenMinutes(made_at)
ORDER BY (fold, branch_id, weekday, hour)
TTL made_at + INTERVAL 1 HOUR
SETTINGS index_granularity = 8, ttl_only_drop_parts = 1, merge_with_ttl_timeout = 300
COMMENT 'Figures of sealed spans, united for questions that are asked again, with the fingerprint of their facts. True only while that is the fingerprint of the facts. For the dashboard; ask gold.days instead.'

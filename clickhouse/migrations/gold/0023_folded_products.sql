-- What products sold in a scope, united once for all who ask for it again, as gold.folded_scopes holds main figures.
CREATE TABLE IF NOT EXISTS gold.folded_products
(
    fold                     UUID                   COMMENT 'Which fold: drawn at random by the process that asked for it and remembers what it is of',
    month                    Date                   COMMENT 'First business day of the month',
    country                  LowCardinality(String) COMMENT 'Country of the branches, as places says',
    places                   UInt64                 COMMENT 'Hash of where all branches were: a fold counts only while they are there',
    facts_count              UInt64                 COMMENT 'Rows in silver.purchases that the fold is of, repeats and old versions included; the same in each of its rows',
    facts_hash               UInt64                 COMMENT 'Sum of their hashes',
    recorded_until           DateTime64(3, 'UTC')   COMMENT 'None of them was recorded later: what was came late, and is added to the fold',
    newest                   DateTime64(3, 'UTC')   COMMENT 'Newest sale among them; 1970 when there is none',
    product_ids              Array(LowCardinality(String)) COMMENT 'Products sold; the other arrays are parallel to it',
    product_purchases        Array(UInt64)          COMMENT 'Purchases it was in' CODEC(ZSTD(1)),
    product_units            Array(UInt64)          COMMENT 'Units of each' CODEC(ZSTD(1)),
    product_revenue_minor    Array(Int64)           COMMENT 'Revenue of each, minor units' CODEC(ZSTD(1)),
    product_baskets_minor    Array(Int64)           COMMENT 'Total of the purchases it was in, minor units' CODEC(ZSTD(1)),
    product_unique_customers Array(UInt64)          COMMENT 'How many customers bought it' CODEC(ZSTD(1)),
    product_customers        Array(AggregateFunction(groupBitmap, UInt32)) COMMENT 'Numbers of those customers; empty for a month to which nothing can be added' CODEC(LZ4),
    made_at                  DateTime('UTC') DEFAULT now() COMMENT 'When it was made'
)
ENGINE = ${MergeTree}
PARTITION BY toStartOfFifteenMinutes(made_at)
ORDER BY (fold, month, country)
TTL made_at + INTERVAL 1 HOUR
SETTINGS index_granularity = 8, ttl_only_drop_parts = 1, merge_with_ttl_timeout = 300
COMMENT 'Figures of products by month and country, united for questions that are asked again, with the fingerprint of their facts. True only while that is the fingerprint of the facts. For the dashboard; ask gold.day_products instead.'

-- The figures of spans of time, summed by the sealer and replaced whole: a quarter of an hour, a business day of the shop, a week (days
-- 1-8, 9-16, 17-24 and 25-end of a month), a month, a year. Internal: people read gold.
-- Slots of branches are read for 60 days, those of countries and the chain while their day runs. They stay for 120 days, so that a
-- sealer may be away for weeks.
CREATE TABLE sealed.spans
(
    clock                    LowCardinality(String) COMMENT 'The shop''s clock by which it was sealed: time zone and start of the day',
    level                    Enum8('slot' = 1, 'day' = 2, 'week' = 3, 'month' = 4, 'year' = 5) COMMENT 'How long the span is',
    scope                    Enum8('branch' = 1, 'country' = 2, 'chain' = 3) COMMENT 'What it is of; slots of countries and the chain are read on the day of the horizon only',
    place                    LowCardinality(String) COMMENT 'The branch or the country; empty for the chain',
    start                    DateTime('UTC')        COMMENT 'When the span begins' CODEC(Delta, ZSTD(1)),
    first_day                Date                   COMMENT 'The business day in which it begins' CODEC(Delta, ZSTD(1)),
    stored_rows              UInt64                 COMMENT 'Slots and days of branches: rows of silver.purchases when it was sealed, old versions included' CODEC(T64, ZSTD(1)),
    stored_hash              UInt64                 COMMENT 'Sum of their hashes: the seal is true while this is the sum of the hashes now',
    facts_hash               UInt64                 COMMENT 'Sum of the hashes of the purchases that count: a longer span is true while this is the sum of its parts',
    purchases                UInt64                 COMMENT 'Purchases that are not void' CODEC(T64, ZSTD(1)),
    items                    UInt64                 COMMENT 'Items in them; a weighed line is one' CODEC(T64, ZSTD(1)),
    revenue_minor            Int64                  COMMENT 'gross_minor - discount_minor - returned_minor, in minor units' CODEC(T64, ZSTD(1)),
    gross_minor              Int64                  COMMENT 'Quantities × prices of what was sold' CODEC(T64, ZSTD(1)),
    discount_minor           Int64                  COMMENT 'All discounts' CODEC(T64, ZSTD(1)),
    returned_minor           Int64                  COMMENT 'What was paid back for returns, at the time of the return' CODEC(T64, ZSTD(1)),
    returns                  UInt64                 COMMENT 'How many returns' CODEC(T64, ZSTD(1)),
    newest                   DateTime64(3, 'UTC')   COMMENT 'Newest sale among them; 1970 when there is none',
    customers                AggregateFunction(groupBitmap, UInt32) COMMENT 'Numbers of their customers',
    unique_customers         UInt64 MATERIALIZED bitmapCardinality(customers) COMMENT 'How many customers: saves reading who they were' CODEC(T64, ZSTD(1)),
    breakdown                Map(LowCardinality(String), Array(Int64)) COMMENT 'By channel=…, cashier=…, tender=…: purchases, items, gross - discounts (by tender: what was paid by it), discounts, paid back, returns' CODEC(ZSTD(1)),
    product_ids              Array(LowCardinality(String)) COMMENT 'Products sold or returned; the other arrays of products are parallel to it',
    product_units            Array(UInt64)          COMMENT 'Units sold of each, in thousandths' CODEC(ZSTD(1)),
    product_revenue_minor    Array(Int64)           COMMENT 'Revenue of each, returns taken off, minor units' CODEC(ZSTD(1)),
    product_purchases        Array(UInt64)          COMMENT 'Purchases it was in' CODEC(ZSTD(1)),
    product_baskets_minor    Array(Int64)           COMMENT 'Total of the purchases it was in, minor units' CODEC(ZSTD(1)),
    product_unique_customers Array(UInt64)          COMMENT 'How many customers bought it; empty for the chain and for years' CODEC(ZSTD(1)),
    product_customers        Array(AggregateFunction(groupBitmap, UInt32)) COMMENT 'Numbers of those customers; only of slots, days and weeks',
    hour_purchases           Array(UInt64)          COMMENT 'Purchases by hour of the shop''s clock: 24 of a day; 168 of longer spans, (weekday - 1) * 24 + hour' CODEC(ZSTD(1)),
    hour_items               Array(UInt64)          COMMENT 'Items in the same order' CODEC(ZSTD(1)),
    hour_revenue_minor       Array(Int64)           COMMENT 'Revenue in the same order, minor units' CODEC(ZSTD(1)),
    sealed_at                DateTime64(3, 'UTC')   COMMENT 'When the statement began that sealed it; the newest row counts, since it read the newest facts or parts'
)
ENGINE = ${ReplacingMergeTree}(sealed_at)
PARTITION BY if(level = 'slot', toYYYYMM(start), 0)
ORDER BY (clock, level, scope, place, start)
TTL toDateTime(sealed_at) + INTERVAL 120 DAY DELETE WHERE level = 'slot'
SETTINGS index_granularity = 16
COMMENT 'Figures of spans of time, each with the fingerprint of its facts. Read with FINAL.';

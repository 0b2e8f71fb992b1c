-- A customer is a snapshot that Postgres took in the transaction of a purchase; the newest revision counts.
CREATE TABLE silver.customers
(
    customer_id   UUID                           COMMENT 'Customer',
    number        UInt32                         COMMENT 'Dense number of the customer, for bitmaps',
    revision      UInt64                         COMMENT 'Grows with every change, voids included; the highest row counts',
    purchases     UInt32                         COMMENT 'Purchases that are not void',
    spent_minor   Int64                          COMMENT 'Their total in minor units',
    loyal_since   Nullable(DateTime64(3, 'UTC')) COMMENT 'When the purchase that reached the loyal threshold was sold',
    first_sold_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First purchase that is not void',
    last_sold_at  Nullable(DateTime64(3, 'UTC')) COMMENT 'Last purchase that is not void'
)
ENGINE = ${ReplacingMergeTree}(revision)
ORDER BY customer_id
COMMENT 'Silver: the newest snapshot of each customer over the whole chain. Read with FINAL.';

-- A branch has loyal customers of its own: three purchases there, whatever was bought elsewhere.
CREATE TABLE silver.customer_branches
(
    branch_id     LowCardinality(String)         COMMENT 'Branch',
    customer_id   UUID                           COMMENT 'Customer',
    number        UInt32                         COMMENT 'Dense number of the customer, for bitmaps',
    revision      UInt64                         COMMENT 'Grows with every change of the customer there; the highest row counts',
    purchases     UInt32                         COMMENT 'Purchases in this branch that are not void',
    spent_minor   Int64                          COMMENT 'Their total in minor units',
    loyal_since   Nullable(DateTime64(3, 'UTC')) COMMENT 'When the purchase that reached the loyal threshold here was sold',
    first_sold_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First purchase here that is not void',
    last_sold_at  Nullable(DateTime64(3, 'UTC')) COMMENT 'Last purchase here that is not void'
)
ENGINE = ${ReplacingMergeTree}(revision)
ORDER BY (branch_id, customer_id)
COMMENT 'Silver: the newest snapshot of each customer in each branch. Read with FINAL.';

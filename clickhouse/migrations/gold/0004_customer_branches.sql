-- repeatable
CREATE OR REPLACE VIEW gold.customer_branches
(
    branch_id     LowCardinality(String)         COMMENT 'Branch',
    customer_id   UUID                           COMMENT 'Customer; count() of rows is the unique customers in this branch of all time, which does NOT add up over branches',
    purchases     UInt32                         COMMENT 'Purchases in this branch that are not void',
    spent_minor   Int64                          COMMENT 'Their total in minor units',
    loyal_since   Nullable(DateTime64(3, 'UTC')) COMMENT 'When the purchase that reached the loyal threshold was sold; countIf(loyal_since < T) is the loyal customers at T',
    first_sold_at DateTime64(3, 'UTC')           COMMENT 'First purchase in this branch that is not void',
    last_sold_at  DateTime64(3, 'UTC')           COMMENT 'Last purchase in this branch that is not void'
)
AS SELECT
    branch_id, customer_id, purchases, spent_minor, loyal_since,
    ifNull(first_sold_at, toDateTime64(0, 3, 'UTC')) AS first_sold_at,
    ifNull(last_sold_at, toDateTime64(0, 3, 'UTC')) AS last_sold_at
FROM silver.customer_branches FINAL
WHERE purchases > 0
COMMENT 'Gold: every customer with at least one purchase in this branch that is not void';

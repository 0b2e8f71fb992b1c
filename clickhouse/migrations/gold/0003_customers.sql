-- repeatable
CREATE OR REPLACE VIEW gold.customers
(
    customer_id   UUID                           COMMENT 'Customer; count() of rows is the unique customers in the whole chain of all time, which does NOT add up over branches',
    purchases     UInt32                         COMMENT 'Purchases in the whole chain that are not void',
    spent_minor   Int64                          COMMENT 'Their total in minor units',
    loyal_since   Nullable(DateTime64(3, 'UTC')) COMMENT 'When the purchase that reached the loyal threshold was sold; countIf(loyal_since < T) is the loyal customers at T',
    first_sold_at DateTime64(3, 'UTC')           COMMENT 'First purchase in the whole chain that is not void',
    last_sold_at  DateTime64(3, 'UTC')           COMMENT 'Last purchase in the whole chain that is not void'
)
AS SELECT
    customer_id, purchases, spent_minor, loyal_since,
    ifNull(first_sold_at, toDateTime64(0, 3, 'UTC')) AS first_sold_at,
    ifNull(last_sold_at, toDateTime64(0, 3, 'UTC')) AS last_sold_at
FROM silver.customers FINAL
WHERE purchases > 0
COMMENT 'Gold: every customer with at least one purchase in the whole chain that is not void';

-- repeatable
CREATE OR REPLACE VIEW gold.purchases
(
    slot              DateTime('UTC')        COMMENT 'Quarter of an hour of sold_at. Filter on it as well as on sold_at: it is the sorting key',
    branch_id         LowCardinality(String) COMMENT 'Branch of the sale',
    purchase_id       UUID                   COMMENT 'Identity of the purchase; count() of rows is the number of purchases, and adds up over branches and hours',
    sold_at           DateTime64(3, 'UTC')   COMMENT 'When it was sold, UTC; apply the shop''s time zone when grouping by hour or day',
    recorded_at       DateTime64(3, 'UTC')   COMMENT 'When Postgres recorded it, UTC',
    currency          LowCardinality(String) COMMENT 'ISO 4217',
    total_minor       Int64                  COMMENT 'Total in minor units (cents), at the prices of the sale; adds up',
    units             UInt32                 COMMENT 'Items in the basket; adds up',
    product_ids       Array(LowCardinality(String)) COMMENT 'Products, in the order of the receipt; see gold.purchase_items for one row each',
    quantities        Array(UInt32)          COMMENT 'Quantity of each product',
    unit_prices_minor Array(Int64)           COMMENT 'Price of each product at the time of the sale, minor units',
    customer_id       Nullable(UUID)         COMMENT 'Customer; NULL for a sale without a card. Distinct customers do NOT add up over branches or hours',
    customer_number   UInt32                 COMMENT 'Dense number of the customer; 0 for a sale without a card'
)
AS SELECT
    slot, branch_id, purchase_id, sold_at, recorded_at, currency, total_minor, units,
    product_ids, quantities, unit_prices_minor,
    if(customer_number = 0, NULL, customer_id) AS customer_id,
    customer_number
FROM silver.purchases FINAL
WHERE status = 'recorded'
COMMENT 'Gold: every purchase that is not void, exactly once';

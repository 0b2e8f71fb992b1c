-- repeatable
CREATE OR REPLACE VIEW gold.purchase_items
(
    slot             DateTime('UTC')        COMMENT 'Quarter of an hour of sold_at. Filter on it as well as on sold_at: it is the sorting key',
    branch_id        LowCardinality(String) COMMENT 'Branch of the sale',
    purchase_id      UUID                   COMMENT 'Identity of the purchase; use uniqExact of it to count purchases here',
    sold_at          DateTime64(3, 'UTC')   COMMENT 'When it was sold, UTC',
    product_id       LowCardinality(String) COMMENT 'Product',
    quantity         Decimal(12, 3)         COMMENT 'Pieces or kilograms sold; adds up over products of one unit',
    unit_price_minor Int64                  COMMENT 'Price at the time of the sale, minor units',
    revenue_minor    Int64                  COMMENT 'What the line adds to the total, all discounts taken off; adds up. Returns stand in gold.returns',
    customer_id      Nullable(UUID)         COMMENT 'Customer; NULL for a sale without a card',
    customer_number  UInt32                 COMMENT 'Dense number of the customer; 0 for a sale without a card'
)
AS SELECT
    slot, branch_id, purchase_id, sold_at, product_id, quantity, unit_price_minor,
    revenue_minor,
    customer_id, customer_number
FROM gold.purchases
ARRAY JOIN product_ids AS product_id, quantities AS quantity, unit_prices_minor AS unit_price_minor, line_totals_minor AS revenue_minor
COMMENT 'Gold: one row per product in a purchase that is not void';

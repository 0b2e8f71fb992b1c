-- repeatable
CREATE OR REPLACE VIEW gold.purchases
(
    slot              DateTime('UTC')        COMMENT 'Quarter of an hour of sold_at. Filter on it as well as on sold_at: it is the sorting key',
    branch_id         LowCardinality(String) COMMENT 'Branch of the sale',
    purchase_id       UUID                   COMMENT 'Identity of the purchase; count() of rows is the number of purchases, and adds up over branches and hours',
    sold_at           DateTime64(3, 'UTC')   COMMENT 'When it was sold, UTC; apply the shop''s time zone when grouping by hour or day',
    recorded_at       DateTime64(3, 'UTC')   COMMENT 'When Postgres recorded it, UTC',
    currency          LowCardinality(String) COMMENT 'ISO 4217',
    gross_minor       Int64                  COMMENT 'Quantities × prices in minor units (cents), before discounts; adds up',
    discount_minor    Int64                  COMMENT 'All discounts; adds up',
    total_minor       Int64                  COMMENT 'gross_minor - discount_minor; adds up. What came back later stands in gold.returns',
    units             UInt32                 COMMENT 'Items in the basket, a weighed line being one; adds up',
    product_ids       Array(LowCardinality(String)) COMMENT 'Products, in the order of the receipt; see gold.purchase_items for one row each',
    quantities        Array(Decimal(12, 3))  COMMENT 'Quantity of each line: pieces or kilograms',
    unit_prices_minor Array(Int64)           COMMENT 'Price of each line at the time of the sale, minor units',
    line_totals_minor Array(Int64)           COMMENT 'What each line adds to total_minor, all discounts taken off',
    customer_id       Nullable(UUID)         COMMENT 'Customer; NULL for a sale without a card. Distinct customers do NOT add up over branches or hours',
    customer_number   UInt32                 COMMENT 'Dense number of the customer; 0 for a sale without a card',
    cashier           LowCardinality(String) COMMENT 'Who sold it; empty where the till does not say',
    receipt_number    String                 COMMENT 'The till''s number of the receipt; empty where it gave none',
    channel           LowCardinality(String) COMMENT 'pos or web',
    tender_types      Array(LowCardinality(String)) COMMENT 'How it was paid: cash, card, …; empty where the till does not say',
    tender_amounts_minor Array(Int64)        COMMENT 'What was paid by each, minor units'
)
AS SELECT
    slot, branch_id, purchase_id, sold_at, recorded_at, currency, gross_minor, discount_minor, total_minor, units,
    product_ids, quantities, unit_prices_minor, line_totals_minor,
    if(customer_number = 0, NULL, customer_id) AS customer_id,
    customer_number, cashier, receipt_number, channel, tender_types, tender_amounts_minor
FROM silver.purchases FINAL
WHERE status = 'recorded' AND kind = 'sale'
COMMENT 'Gold: every purchase that is not void, exactly once';

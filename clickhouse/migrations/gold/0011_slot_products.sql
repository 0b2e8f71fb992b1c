-- repeatable
CREATE OR REPLACE VIEW gold.slot_products
(
    slot          DateTime('UTC')        COMMENT 'Quarter of an hour, UTC. Filter on it',
    branch_id     LowCardinality(String) COMMENT 'Branch',
    day           Date                   COMMENT 'Business day of the shop that the slot belongs to',
    product_id    LowCardinality(String) COMMENT 'Product',
    units         UInt64                 COMMENT 'Units sold; adds up over slots, branches and products',
    revenue_minor Int64                  COMMENT 'Revenue of the product in minor units, at the prices of the sales; adds up',
    purchases     UInt64                 COMMENT 'Purchases with the product; adds up over slots and branches, NOT over products'
)
AS SELECT slot, branch_id, day, product_id, units, revenue_minor, purchases
FROM (SELECT slot, branch_id, day, product_ids, product_units, product_revenue_minor, product_purchases FROM gold.slots)
ARRAY JOIN product_ids AS product_id, product_units AS units, product_revenue_minor AS revenue_minor, product_purchases AS purchases
COMMENT 'Gold: units and revenue of every product in every quarter of an hour and branch, exact at any moment';

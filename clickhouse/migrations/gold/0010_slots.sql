-- repeatable
-- Sealed slots that still are the truth, and the others computed from the facts. The two halves see one moment of
-- silver.purchases because the server's profile sets enable_shared_storage_snapshot_in_query.
CREATE OR REPLACE VIEW gold.slots
(
    slot                  DateTime('UTC')        COMMENT 'Quarter of an hour, UTC; every hour and day of any time zone is a whole number of them. Filter on it',
    branch_id             LowCardinality(String) COMMENT 'Branch',
    day                   Date                   COMMENT 'Business day of the shop (SHOP_TIMEZONE, BUSINESS_DAY_START) that the slot belongs to',
    purchases             UInt64                 COMMENT 'Purchases that are not void; adds up over slots and branches',
    items                 UInt64                 COMMENT 'Units sold; adds up',
    revenue_minor         Int64                  COMMENT 'Revenue in minor units (cents); adds up. sum(revenue_minor) / sum(purchases) is the average basket',
    newest                DateTime64(3, 'UTC')   COMMENT 'Newest sale in it; 1970 when all of them are void. Take the max',
    customers             AggregateFunction(groupBitmap, UInt32) COMMENT 'Customers with a purchase in it. Does NOT add up: groupBitmapMerge(customers) counts each customer once over any set of rows',
    product_ids           Array(LowCardinality(String)) COMMENT 'Products sold; see gold.slot_products for one row each',
    product_units         Array(UInt64)          COMMENT 'Units of each product, parallel to product_ids',
    product_revenue_minor Array(Int64)           COMMENT 'Revenue of each product, minor units',
    product_purchases     Array(UInt64)          COMMENT 'Purchases that each product was in'
)
AS
SELECT slot, branch_id, ${SHOP_DAY} AS day, ${FIGURES}
FROM gold.sealed_slots FINAL
WHERE (slot, branch_id) IN (SELECT slot, branch_id FROM gold.slot_states WHERE is_sealed)
UNION ALL
SELECT slot, branch_id, ${SHOP_DAY} AS day, ${UNPACKED}
FROM (
    SELECT slot, branch_id, ${FIGURES_OF_FACTS}
    FROM silver.purchases AS fact FINAL
    WHERE (slot, branch_id) IN (SELECT slot, branch_id FROM gold.slot_states WHERE NOT is_sealed)
    GROUP BY slot, branch_id
)
COMMENT 'Gold: the figures of every quarter of an hour in every branch with a sale, exact at any moment. Hours, days and longer periods are sums (and unions of customers) over it.';

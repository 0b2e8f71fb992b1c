-- repeatable
-- Sealed days that still are the truth, and the others computed from the facts; as in gold.slots, of one moment.
CREATE OR REPLACE VIEW gold.days
(
    day           Date                   COMMENT 'Business day of the shop (SHOP_TIMEZONE, BUSINESS_DAY_START). Filter on it',
    branch_id     LowCardinality(String) COMMENT 'Branch',
    purchases     UInt64                 COMMENT 'Purchases that are not void; adds up over days and branches',
    items         UInt64                 COMMENT 'Units sold; adds up',
    revenue_minor Int64                  COMMENT 'Revenue in minor units (cents); adds up. sum(revenue_minor) / sum(purchases) is the average basket',
    newest        DateTime64(3, 'UTC')   COMMENT 'Newest sale of the day; 1970 when all of them are void. Take the max',
    unique_customers UInt64              COMMENT 'Customers with a purchase that day in that branch. Does NOT add up over days or branches: use customers',
    customers     AggregateFunction(groupBitmap, UInt32) COMMENT 'Those customers: groupBitmapMerge(customers) counts each once over any set of rows',
    product_ids           Array(LowCardinality(String)) COMMENT 'Products sold; see gold.day_products for one row each',
    product_units         Array(UInt64)  COMMENT 'Units of each product, parallel to product_ids',
    product_revenue_minor Array(Int64)   COMMENT 'Revenue of each product, minor units',
    product_purchases     Array(UInt64)  COMMENT 'Purchases that each product was in'
)
AS
SELECT start AS day, branch_id, purchases, items, revenue_minor, newest, unique_customers, customers,
    product_ids, product_units, product_revenue_minor, product_purchases
FROM gold.sealed_spans FINAL
WHERE level = 'day' AND grain = 'whole' AND (start, branch_id) IN (SELECT day, branch_id FROM gold.day_states WHERE is_sealed)
UNION ALL
SELECT of_day AS day, branch_id, purchases, items, revenue_minor, newest, bitmapCardinality(customers) AS unique_customers, customers,
    product_ids, product_units, product_revenue_minor, product_purchases
FROM (
    SELECT of_day, branch_id, ${UNPACKED}
    FROM (
        SELECT ${SHOP_DAY} AS of_day, branch_id, ${FIGURES_OF_FACTS}
        FROM silver.purchases AS fact FINAL
        -- A business day meets two dates in UTC at most, of which one may have another number: three for the index.
        WHERE toDate(slot) IN (SELECT arrayJoin([day - 1, day, day + 1]) FROM gold.day_states WHERE NOT is_sealed)
          AND (${SHOP_DAY}, branch_id) IN (SELECT day, branch_id FROM gold.day_states WHERE NOT is_sealed)
        GROUP BY of_day, branch_id
    )
)
COMMENT 'Gold: the figures of every business day in every branch, exact at any moment';

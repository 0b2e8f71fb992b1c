-- repeatable
CREATE OR REPLACE VIEW gold.chain_days
(
    day              Date                 COMMENT 'Business day of the shop (SHOP_TIMEZONE, BUSINESS_DAY_START)',
    purchases        UInt64               COMMENT 'Purchases of all branches that are not void; adds up over days',
    items            UInt64               COMMENT 'Items sold, a weighed line being one; adds up',
    revenue_minor    Int64 COMMENT 'Revenue in minor units (cents): gross - discounts - returns; adds up. sum(revenue_minor) / sum(purchases) is the average basket',
    gross_minor      Int64 COMMENT 'Quantities × prices of what was sold, minor units; adds up',
    discount_minor   Int64 COMMENT 'All discounts, minor units; adds up',
    returned_minor   Int64 COMMENT 'What was paid back on that day for returns, minor units; adds up',
    returns          UInt64 COMMENT 'How many returns; adds up',
    newest           DateTime64(3, 'UTC') COMMENT 'Newest sale of the day; 1970 when all of them are void. Take the max',
    unique_customers UInt64               COMMENT 'Customers with a purchase that day anywhere. Does NOT add up over days: see gold.day_customers'
)
AS
SELECT first_day AS day, purchases, items, revenue_minor, gross_minor, discount_minor, returned_minor, returns, newest, unique_customers
FROM sealed.spans FINAL
WHERE clock = '${SHOP_CLOCK}' AND level = 'day' AND scope = 'chain' AND start < ${OPEN_DAY}
UNION ALL
SELECT day, sum(slots.purchases), sum(slots.items), sum(slots.revenue_minor),
    sum(slots.gross_minor), sum(slots.discount_minor), sum(slots.returned_minor), sum(slots.returns), max(slots.newest), groupBitmapMerge(customers)
FROM sealed.running_slots AS slots
GROUP BY day
COMMENT 'Gold: the figures of every business day of the whole chain';

-- repeatable
CREATE OR REPLACE VIEW gold.days
(
    day           Date                   COMMENT 'Business day of the shop (SHOP_TIMEZONE, BUSINESS_DAY_START)',
    branch_id     LowCardinality(String) COMMENT 'Branch',
    purchases     UInt64                 COMMENT 'Purchases that are not void; adds up over days and branches',
    items         UInt64                 COMMENT 'Units sold; adds up',
    revenue_minor Int64                  COMMENT 'Revenue in minor units (cents); adds up',
    newest        DateTime64(3, 'UTC')   COMMENT 'Newest sale of the day; 1970 when all of them are void',
    unique_customers UInt64              COMMENT 'Customers with a purchase that day in that branch. Does NOT add up over days or branches: use customers',
    customers     AggregateFunction(groupBitmap, UInt32) COMMENT 'Those customers: groupBitmapMerge(customers) counts each once over any set of rows'
)
AS SELECT
    slots.day AS day, slots.branch_id AS branch_id, sum(slots.purchases) AS purchases, sum(slots.items) AS items,
    sum(slots.revenue_minor) AS revenue_minor, max(slots.newest) AS newest,
    groupBitmapMerge(slots.customers) AS unique_customers, groupBitmapMergeState(slots.customers) AS customers
FROM gold.slots AS slots
GROUP BY day, branch_id
COMMENT 'Gold: the figures of every business day in every branch, exact at any moment';

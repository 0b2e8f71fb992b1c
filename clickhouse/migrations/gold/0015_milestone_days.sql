-- repeatable
CREATE OR REPLACE VIEW gold.milestone_days
(
    day       Date                          COMMENT 'Business day of the shop',
    branch_id LowCardinality(String)        COMMENT 'Branch; empty: the whole chain. Filter on it: they do NOT add up',
    milestone Enum8('first' = 1, 'loyal' = 2) COMMENT 'first: the first purchase that is not void; loyal: the one that reached the loyal threshold',
    customers UInt64                        COMMENT 'Customers who had it on that day; adds up over days: the sum of first is the unique customers of all time'
)
AS
SELECT day, branch_id, milestone, customers
FROM sealed.milestone_days FINAL
WHERE clock = '${SHOP_CLOCK}' AND day < toDate(toTimezone(${OPEN_DAY}, '${SHOP_TIMEZONE}'))
UNION ALL
SELECT ${SHOP_DAY} AS of_day, branch_id, milestone, count()
FROM silver.customer_milestones FINAL
WHERE active AND slot >= ${OPEN_DAY}
GROUP BY of_day, branch_id, milestone
COMMENT 'Gold: new and loyal customers by business day';

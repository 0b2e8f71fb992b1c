-- repeatable
CREATE OR REPLACE VIEW gold.day_breakdown
(
    day            Date                   COMMENT 'Business day of the shop. Filter on it',
    branch_id      LowCardinality(String) COMMENT 'Branch',
    dimension      LowCardinality(String) COMMENT 'channel, cashier or tender. Filter on one: each tells all sales once more',
    key            String                 COMMENT 'E.g. web, Ana, cash; empty where the till does not say',
    purchases      UInt64 COMMENT 'Purchases; adds up over days, branches, channels and cashiers, NOT over tenders: one may be paid by several',
    items          UInt64 COMMENT 'Items sold, a weighed line being one; adds up. 0 by tender',
    sold_minor     Int64  COMMENT 'Gross less discounts, minor units; by tender what was paid by it. Adds up',
    discount_minor Int64  COMMENT 'All discounts; adds up. 0 by tender. sold_minor + discount_minor is the gross of a channel or cashier',
    returned_minor Int64  COMMENT 'What was paid back: by the cashier who took it back, the channel of the purchase, the empty tender; adds up',
    returns        UInt64 COMMENT 'How many returns; adds up',
    revenue_minor  Int64  COMMENT 'sold_minor - returned_minor; adds up to the revenue of gold.days'
)
AS
SELECT day, branch_id, substring(toString(id), 1, position(id, '=') - 1) AS dimension, substring(toString(id), position(id, '=') + 1) AS key,
    toUInt64(sums[1]) AS purchases, toUInt64(sums[2]) AS items, sums[3] AS sold_minor, sums[4] AS discount_minor, sums[5] AS returned_minor,
    toUInt64(sums[6]) AS returns, sold_minor - returned_minor AS revenue_minor
FROM (
    SELECT first_day AS day, place AS branch_id, breakdown
    FROM sealed.spans FINAL
    WHERE clock = '${SHOP_CLOCK}' AND level = 'day' AND scope = 'branch' AND start < ${OPEN_DAY}
    UNION ALL
    SELECT day, branch_id, sumForEachMap(slots.breakdown) FROM sealed.running_slots AS slots GROUP BY day, branch_id
)
ARRAY JOIN mapKeys(breakdown) AS id, mapValues(breakdown) AS sums
COMMENT 'Gold: sales and returns by channel, cashier and tender on every business day in every branch';

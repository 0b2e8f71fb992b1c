-- repeatable
-- The day that runs, by quarter of an hour: sealed ones before the horizon, the others from the facts. Views of gold add it to the days that
-- are over. Without any horizon all there is comes from the facts.
CREATE OR REPLACE VIEW sealed.running_slots
AS
SELECT first_day AS day, start AS slot, toString(place) AS branch_id, purchases, items, revenue_minor, gross_minor, discount_minor,
    returned_minor, returns, newest, customers, breakdown,
    product_ids, product_units, product_revenue_minor, product_purchases, product_baskets_minor
FROM sealed.spans FINAL
WHERE clock = '${SHOP_CLOCK}' AND level = 'slot' AND scope = 'branch' AND start >= ${OPEN_DAY} AND start < ${HORIZON}
UNION ALL
SELECT ${SHOP_DAY} AS day, slot, branch_id, purchases, items, revenue_minor, gross_minor, all_discounts, returned_minor, returns, newest, customers, breakdown,
    mapKeys(sold), arrayMap(sums -> toUInt64(sums[1]), mapValues(sold)), arrayMap(sums -> sums[2], mapValues(sold)),
    arrayMap(sums -> toUInt64(sums[3]), mapValues(sold)), arrayMap(sums -> sums[4], mapValues(sold))
FROM (
    SELECT slot, toString(branch_id) AS branch_id, ${SUM_purchases} AS purchases, ${SUM_items} AS items, ${SUM_revenue_minor} AS revenue_minor,
        ${SUM_gross_minor} AS gross_minor, ${SUM_discount_minor} AS all_discounts, ${SUM_returned_minor} AS returned_minor, ${SUM_returns} AS returns,
        ${SUM_newest} AS newest,
        groupBitmapStateIf(customer_number, ${IS_SALE} AND customer_number != 0) AS customers, sumForEachMap(${SOLD_OF_FACT}) AS sold,
        sumForEachMap(${BREAKDOWN_OF_FACT}) AS breakdown
    FROM silver.purchases FINAL
    WHERE status = 'recorded' AND slot >= ${HORIZON}
    GROUP BY slot, branch_id
)
COMMENT 'Figures of branches in the quarters of an hour of the running day';

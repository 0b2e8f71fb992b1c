-- repeatable
CREATE OR REPLACE VIEW gold.hours
(
    day           Date                   COMMENT 'Business day of the shop. toDayOfWeek(day) is its weekday',
    branch_id     LowCardinality(String) COMMENT 'Branch',
    hour          UInt8                  COMMENT 'Hour of the shop''s clock, 0 to 23; the hour that a clock shows twice holds both',
    purchases     UInt64                 COMMENT 'Purchases that are not void; adds up',
    items         UInt64                 COMMENT 'Items sold; adds up',
    revenue_minor Int64                  COMMENT 'Revenue in minor units (cents), returns taken off; adds up'
)
AS
SELECT day, branch_id, hour, purchases, items, revenue_minor
FROM (
    SELECT first_day AS day, place AS branch_id, hour_purchases, hour_items, hour_revenue_minor
    FROM sealed.spans FINAL
    WHERE clock = '${SHOP_CLOCK}' AND level = 'day' AND scope = 'branch' AND start < ${OPEN_DAY}
)
ARRAY JOIN range(24) AS hour, hour_purchases AS purchases, hour_items AS items, hour_revenue_minor AS revenue_minor
WHERE purchases > 0 OR revenue_minor != 0
UNION ALL
SELECT day, branch_id, toHour(toTimezone(slot, '${SHOP_TIMEZONE}')) AS hour, sum(slots.purchases), sum(slots.items), sum(slots.revenue_minor)
FROM sealed.running_slots AS slots
GROUP BY day, branch_id, hour
COMMENT 'Gold: sales by hour of the shop''s clock on every business day in every branch; hours without a sale have no row';

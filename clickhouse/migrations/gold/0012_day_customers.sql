-- repeatable
CREATE OR REPLACE VIEW gold.day_customers
(
    day       Date                   COMMENT 'Business day of the shop',
    branch_id LowCardinality(String) COMMENT 'Branch; empty: the whole chain',
    customers AggregateFunction(groupBitmap, UInt32) COMMENT 'Customers with a purchase: groupBitmapMerge(customers) counts each once over any set of rows'
)
AS
SELECT first_day AS day, place AS branch_id, customers
FROM sealed.spans FINAL
WHERE clock = '${SHOP_CLOCK}' AND level = 'day' AND scope IN ('branch', 'chain') AND start < ${OPEN_DAY}
UNION ALL
SELECT day, arrayJoin(['', branch_id]) AS of_branch, groupBitmapMergeState(customers)
FROM sealed.running_slots
GROUP BY day, of_branch
COMMENT 'Gold: who bought on every business day, as bitmaps. Filter on branch_id: its rows and those of the chain stand side by side';

-- repeatable
CREATE OR REPLACE VIEW gold.day_products
(
    day           Date                   COMMENT 'Business day of the shop. Filter on it',
    branch_id     LowCardinality(String) COMMENT 'Branch',
    product_id    LowCardinality(String) COMMENT 'Product',
    units         Decimal(18, 3)         COMMENT 'Pieces or kilograms sold (see gold.products.unit); adds up over days, branches and products of one unit',
    revenue_minor Int64                  COMMENT 'Revenue of the product in minor units, discounts and returns taken off; adds up',
    purchases     UInt64                 COMMENT 'Purchases with the product; adds up over days and branches, NOT over products'
)
AS
SELECT day, branch_id, product_id, toDecimal64(thousandths, 3) / 1000 AS units, revenue_minor, purchases
FROM (
    SELECT first_day AS day, place AS branch_id, product_ids, product_units, product_revenue_minor, product_purchases
    FROM sealed.spans FINAL
    WHERE clock = '${SHOP_CLOCK}' AND level = 'day' AND scope = 'branch' AND start < ${OPEN_DAY}
)
ARRAY JOIN product_ids AS product_id, product_units AS thousandths, product_revenue_minor AS revenue_minor, product_purchases AS purchases
UNION ALL
SELECT day, branch_id, product_id, toDecimal64(sum(units), 3) / 1000, sum(revenue), sum(with_it)
FROM sealed.running_slots
ARRAY JOIN product_ids AS product_id, product_units AS units, product_revenue_minor AS revenue, product_purchases AS with_it
GROUP BY day, branch_id, product_id
COMMENT 'Gold: units and revenue of every product on every business day in every branch';

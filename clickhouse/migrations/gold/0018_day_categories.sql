-- repeatable
CREATE OR REPLACE VIEW gold.day_categories
(
    day           Date                   COMMENT 'Business day of the shop. Filter on it',
    branch_id     LowCardinality(String) COMMENT 'Branch',
    category      LowCardinality(String) COMMENT 'Category of the products in the catalog as it is now; empty where they have none',
    units         Decimal(38, 3)         COMMENT 'Pieces and kilograms sold; adds up',
    revenue_minor Int64                  COMMENT 'Revenue in minor units, discounts and returns taken off; adds up to the revenue of gold.days'
)
AS
SELECT day, branch_id, category, sum(products.units) AS units, sum(products.revenue_minor) AS revenue_minor
FROM gold.day_products AS products
LEFT JOIN (SELECT product_id, category FROM silver.products FINAL) AS catalog USING product_id
GROUP BY day, branch_id, category
COMMENT 'Gold: units and revenue of every category on every business day in every branch';

CREATE MATERIALIZED VIEW silver.customers_mv TO silver.customers AS
SELECT
    toUUIDOrZero(data.customer.customer_id) AS customer_id,
    data.customer.number AS number,
    data.customer.revision AS revision,
    data.customer.purchases AS purchases,
    data.customer.spent_minor AS spent_minor,
    parseDateTime64BestEffortOrNull(data.customer.loyal_since, 3, 'UTC') AS loyal_since,
    parseDateTime64BestEffortOrNull(data.customer.first_sold_at, 3, 'UTC') AS first_sold_at,
    parseDateTime64BestEffortOrNull(data.customer.last_sold_at, 3, 'UTC') AS last_sold_at
FROM silver.arriving
WHERE ${ARE_PURCHASES} AND number > 0;

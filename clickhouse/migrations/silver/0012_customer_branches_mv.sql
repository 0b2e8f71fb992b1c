CREATE MATERIALIZED VIEW silver.customer_branches_mv TO silver.customer_branches AS
SELECT
    data.branch_id AS branch_id,
    toUUIDOrZero(data.customer.customer_id) AS customer_id,
    data.customer.number AS number,
    data.customer.branch.revision AS revision,
    data.customer.branch.purchases AS purchases,
    data.customer.branch.spent_minor AS spent_minor,
    parseDateTime64BestEffortOrNull(data.customer.branch.loyal_since, 3, 'UTC') AS loyal_since,
    parseDateTime64BestEffortOrNull(data.customer.branch.first_sold_at, 3, 'UTC') AS first_sold_at,
    parseDateTime64BestEffortOrNull(data.customer.branch.last_sold_at, 3, 'UTC') AS last_sold_at
FROM silver.arriving
WHERE ${ARE_PURCHASES} AND number > 0;

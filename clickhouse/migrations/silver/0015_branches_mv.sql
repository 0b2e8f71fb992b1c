CREATE MATERIALIZED VIEW silver.branches_mv TO silver.branches AS
SELECT
    data.branch_id AS branch_id,
    data.revision AS revision,
    data.name AS name,
    data.country AS country
FROM silver.arriving
WHERE event_type = 'pos.branch.changed.v1';

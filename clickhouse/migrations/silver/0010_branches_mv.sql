CREATE MATERIALIZED VIEW silver.branches_mv TO silver.branches AS
WITH JSONExtract(payload, 'data', 'Tuple(branch_id String, revision UInt64, name String, country String)') AS branch
SELECT
    branch.branch_id AS branch_id,
    branch.revision AS revision,
    branch.name AS name,
    branch.country AS country
FROM bronze.events
WHERE dq_status = 'ok' AND event_type = 'pos.branch.changed.v1';

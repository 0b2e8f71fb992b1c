-- The last one: what feeds the views above.
CREATE MATERIALIZED VIEW silver.arriving_mv TO silver.arriving AS
SELECT event_type, ingested_at, JSONExtract(payload, 'data', '${EVENT_DATA}') AS data
FROM bronze.events
WHERE dq_status = 'ok';

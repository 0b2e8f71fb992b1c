-- repeatable
CREATE OR REPLACE VIEW ops.quarantine AS
SELECT ingested_at, topic, partition, offset, key, event_type, dq_errors, payload
FROM bronze.events
WHERE dq_status = 'quarantined'
COMMENT 'Messages that bronze keeps but silver does not read, with the reasons';

-- repeatable
CREATE OR REPLACE VIEW gold.slot_states
(
    slot      DateTime('UTC')        COMMENT 'Quarter of an hour, UTC',
    branch_id LowCardinality(String) COMMENT 'Branch',
    is_sealed UInt8                  COMMENT 'Whether its row in gold.sealed_slots is the truth now'
)
AS SELECT facts.slot AS slot, facts.branch_id AS branch_id, ${SLOT_STILL_TRUE} AS is_sealed
FROM (SELECT slot, branch_id, count() AS rows, sum(${FACT_HASH}) AS hash FROM silver.purchases GROUP BY slot, branch_id) AS facts
LEFT JOIN (SELECT slot, branch_id, stored_count, stored_hash, merged_count, merged_hash FROM gold.sealed_slots FINAL) AS sealed
    ON sealed.slot = facts.slot AND sealed.branch_id = facts.branch_id
COMMENT 'Gold: every slot that has facts, and whether it is sealed. How gold.slots decides; for operators, too.';

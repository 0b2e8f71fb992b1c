-- repeatable
CREATE OR REPLACE VIEW gold.day_states
(
    day       Date                   COMMENT 'Business day of the shop',
    branch_id LowCardinality(String) COMMENT 'Branch',
    is_sealed UInt8                  COMMENT 'Whether its row in gold.sealed_spans is the truth now'
)
AS SELECT facts.day AS day, facts.branch_id AS branch_id, ${SLOT_STILL_TRUE} AS is_sealed
FROM (${DAY_FACTS}) AS facts
LEFT JOIN (
    SELECT start, branch_id, stored_count, stored_hash, merged_count, merged_hash
    FROM gold.sealed_spans FINAL WHERE level = 'day' AND grain = 'whole' AND branch_id != '' AND clock = '${SHOP_CLOCK}'
) AS sealed ON sealed.start = facts.day AND sealed.branch_id = facts.branch_id
COMMENT 'Gold: every business day that has facts, and whether it is sealed. How gold.days decides; for operators, too.';

-- The door before silver: a row that is there already, in this version or a higher one, stays out. A replay then changes
-- no stored row, so no fingerprint, and every seal goes on being true. It is for speed only: what slips through in two inserts
-- at once is replaced as ever. Both mentions of silver.arriving mean the block that arrives.
CREATE MATERIALIZED VIEW silver.purchases_mv TO silver.purchases AS
SELECT arriving.*
FROM (${PURCHASES_ARRIVING}) AS arriving
LEFT JOIN (
    SELECT slot, branch_id, purchase_id, max(version) AS version
    FROM silver.purchases
    WHERE (slot, branch_id) IN (${PLACES_ARRIVING})
    GROUP BY slot, branch_id, purchase_id
) AS present USING (slot, branch_id, purchase_id)
WHERE arriving.version > present.version;

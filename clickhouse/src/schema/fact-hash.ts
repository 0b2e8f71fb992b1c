/**
 * The hash of one row of silver.purchases: of everything that places or counts it, its identity and its version.
 * Summed (with wrap-around) over rows it is their fingerprint. Sum, not xor: a pair of equal rows would cancel.
 */
export const FACT_HASH =
  'cityHash64(purchase_id, version, status, branch_id, sold_at, total_minor, units, product_ids, quantities, unit_prices_minor, customer_number)';

/** The same of one row of silver.customer_milestones. */
export const MILESTONE_HASH = 'cityHash64(branch_id, milestone, customer_number, moment, active, revision)';

/**
 * The hash of one row of silver.purchases: of everything that places or counts it, its identity and its version.
 * Summed (with wrap-around) over rows it is their fingerprint. Sum, not xor: a pair of equal rows would cancel.
 */
export const FACT_HASH =
  'cityHash64(purchase_id, version, status, kind, branch_id, sold_at, gross_minor, discount_minor, total_minor, units, product_ids, quantities, line_totals_minor, customer_number, cashier, channel, tender_types, tender_amounts_minor)';

/** The same of one row of silver.customer_milestones. */
export const MILESTONE_HASH = 'cityHash64(branch_id, milestone, customer_number, moment, active, revision)';

const SLOT = "toStartOfFifteenMinutes(toDateTime(parseDateTime64BestEffortOrZero(data.sold_at, 3, 'UTC'), 'UTC'))";

const ARE_PURCHASES = "event_type IN ('pos.purchase.recorded.v1', 'pos.purchase.voided.v1')";

/** The purchases among the events in `silver.arriving`, as rows of silver.purchases. */
export const PURCHASES_ARRIVING = `
  SELECT
    ${SLOT} AS slot,
    data.branch_id AS branch_id,
    toUUIDOrZero(data.purchase_id) AS purchase_id,
    data.version * 65536 + 1 AS version,
    if(data.status = 'voided', 'voided', 'recorded') AS status,
    parseDateTime64BestEffortOrZero(data.sold_at, 3, 'UTC') AS sold_at,
    parseDateTime64BestEffortOrZero(data.recorded_at, 3, 'UTC') AS recorded_at,
    data.currency AS currency,
    data.total_minor AS total_minor,
    arraySum(data.items.quantity) AS units,
    data.items.product_id AS product_ids,
    data.items.quantity AS quantities,
    data.items.unit_price_minor AS unit_prices_minor,
    toUUIDOrZero(data.customer.customer_id) AS customer_id,
    data.customer.number AS customer_number
  FROM silver.arriving
  WHERE ${ARE_PURCHASES}`;

/** Slots and branches of {@link PURCHASES_ARRIVING}, with no more to plan than they need. */
export const PLACES_ARRIVING = `SELECT ${SLOT} AS slot, data.branch_id AS branch_id FROM silver.arriving WHERE ${ARE_PURCHASES}`;

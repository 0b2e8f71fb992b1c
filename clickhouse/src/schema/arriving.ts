const TOTALS =
  'revision UInt64, purchases UInt32, spent_minor Int64, loyal_since String, first_sold_at String, last_sold_at String, first_sold_before String, loyal_before String';

/** The type of `data` in `silver.arriving`: what the views of silver read of any event, in one pass over its JSON. */
export const EVENT_DATA = `Tuple(
        purchase_id String, version UInt64, status String, branch_id String, sold_at String, recorded_at String, currency String, total_minor Int64,
        items Array(Tuple(product_id String, quantity UInt32, unit_price_minor Int64)),
        customer Tuple(customer_id String, number UInt32, ${TOTALS}, branch Tuple(${TOTALS})),
        product_id String, revision UInt64, name String, unit_price_minor Int64, active Bool, country String)`;

const SLOT = "toStartOfFifteenMinutes(toDateTime(parseDateTime64BestEffortOrZero(data.sold_at, 3, 'UTC'), 'UTC'))";

/** SQL that is true for the events of purchases in `silver.arriving`. */
export const ARE_PURCHASES = "event_type IN ('pos.purchase.recorded.v1', 'pos.purchase.voided.v1')";

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
    data.customer.number AS customer_number,
    ingested_at AS arrived_at
  FROM silver.arriving
  WHERE ${ARE_PURCHASES}`;

/** Slots and branches of {@link PURCHASES_ARRIVING}, with no more to plan than they need. */
export const PLACES_ARRIVING = `SELECT ${SLOT} AS slot, data.branch_id AS branch_id FROM silver.arriving WHERE ${ARE_PURCHASES}`;

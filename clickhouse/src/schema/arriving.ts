const TOTALS =
  'revision UInt64, purchases UInt32, spent_minor Int64, loyal_since String, first_sold_at String, last_sold_at String, first_sold_before String, loyal_before String';

/** The type of `data` in `silver.arriving`: what the views of silver read of any event, in one pass over its JSON. */
export const EVENT_DATA = `Tuple(
        purchase_id String, version UInt64, status String, branch_id String, sold_at String, recorded_at String, currency String,
        gross_minor Nullable(Int64), total_minor Int64, cashier String, receipt_number String, channel String,
        tenders Array(Tuple(type String, amount_minor Int64)),
        items Array(Tuple(product_id String, quantity Decimal(12, 3), unit String, unit_price_minor Int64, net_minor Nullable(Int64))),
        returns Array(Tuple(return_id String, branch_id String, returned_at String, recorded_at String, cashier String, total_minor Int64,
            items Array(Tuple(product_id String, quantity Decimal(12, 3), total_minor Int64)))),
        customer Tuple(customer_id String, number UInt32, ${TOTALS}, branch Tuple(${TOTALS})),
        product_id String, revision UInt64, name String, unit_price_minor Int64, active Bool, country String,
        category String, unit String, sku String, open_price Bool)`;

/** SQL that is true for the events of purchases in `silver.arriving`. */
export const ARE_PURCHASES =
  "event_type IN ('pos.purchase.recorded.v1', 'pos.purchase.voided.v1', 'pos.purchase.returned.v1')";

/** A purchase is one fact (`nth` 0), and each of its returns one more, at its own time and in its own branch. */
const FACTS_ARRIVING = `silver.arriving ARRAY JOIN range(0, toUInt32(1 + length(data.returns))) AS nth WHERE ${ARE_PURCHASES}`;
const moment = (sale: string, taken: string): string =>
  `parseDateTime64BestEffortOrZero(if(nth = 0, data.${sale}, data.returns[nth].${taken}), 3, 'UTC')`;
const SLOT = `toStartOfFifteenMinutes(toDateTime(${moment('sold_at', 'returned_at')}, 'UTC'))`;
const BRANCH = 'if(nth = 0, data.branch_id, data.returns[nth].branch_id)';

/** The purchases and returns among the events in `silver.arriving`, as rows of silver.purchases: all of an event have its version. */
export const PURCHASES_ARRIVING = `
  SELECT
    ${SLOT} AS slot,
    ${BRANCH} AS branch_id,
    toUUIDOrZero(if(nth = 0, data.purchase_id, data.returns[nth].return_id)) AS purchase_id,
    data.version * 65536 + 1 AS version,
    if(data.status = 'voided', 'voided', 'recorded') AS status,
    if(nth = 0, 'sale', 'return') AS kind,
    if(nth = 0, toUUID('00000000-0000-0000-0000-000000000000'), toUUIDOrZero(data.purchase_id)) AS returned_purchase_id,
    ${moment('sold_at', 'returned_at')} AS sold_at,
    ${moment('recorded_at', 'recorded_at')} AS recorded_at,
    data.currency AS currency,
    if(nth = 0, ifNull(data.gross_minor, data.total_minor), 0) AS gross_minor,
    if(nth = 0, gross_minor - data.total_minor, 0) AS discount_minor,
    if(nth = 0, data.total_minor, -data.returns[nth].total_minor) AS total_minor,
    if(nth = 0, arraySum(item -> if(item.unit != 'kg' AND item.quantity = floor(item.quantity), item.quantity, 1), data.items), 0) AS units,
    if(nth = 0, data.items.product_id, data.returns[nth].items.product_id) AS product_ids,
    if(nth = 0, data.items.quantity, arrayMap(item -> -item.quantity, data.returns[nth].items)) AS quantities,
    if(nth = 0, data.items.unit_price_minor, arrayMap(item -> 0, data.returns[nth].items)) AS unit_prices_minor,
    if(nth = 0, arrayMap(item -> ifNull(item.net_minor, toInt64(item.quantity * item.unit_price_minor)), data.items),
      arrayMap(item -> -item.total_minor, data.returns[nth].items)) AS line_totals_minor,
    toUUIDOrZero(data.customer.customer_id) AS customer_id,
    data.customer.number AS customer_number,
    if(nth = 0, data.cashier, data.returns[nth].cashier) AS cashier,
    data.receipt_number AS receipt_number,
    if(data.channel = '', 'pos', data.channel) AS channel,
    if(nth = 0, data.tenders.type, []) AS tender_types,
    if(nth = 0, data.tenders.amount_minor, []) AS tender_amounts_minor,
    ingested_at AS arrived_at
  FROM ${FACTS_ARRIVING}`;

/** Slots and branches of {@link PURCHASES_ARRIVING}, with no more to plan than they need. */
export const PLACES_ARRIVING = `SELECT ${SLOT} AS slot, ${BRANCH} AS branch_id FROM ${FACTS_ARRIVING}`;

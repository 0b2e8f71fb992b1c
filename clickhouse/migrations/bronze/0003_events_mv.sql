-- Every expression here is total: one that throws would make the Kafka engine retry its block for ever.
CREATE MATERIALIZED VIEW bronze.events_mv TO bronze.events AS
WITH
    JSONExtract(payload, 'Tuple(specversion String, id String, type String, subject String, time String)') AS envelope,
    envelope.type AS type,
    type IN ('pos.purchase.recorded.v1', 'pos.purchase.voided.v1', 'pos.purchase.returned.v1') AS is_purchase,
    JSONExtract(payload, 'data', 'Tuple(purchase_id String, version UInt64, status String, branch_id String, sold_at String, recorded_at String, total_minor Nullable(Int64), gross_minor Nullable(Int64), items Array(Tuple(product_id String, quantity Decimal(12, 3), unit_price_minor Nullable(Int64), net_minor Nullable(Int64))),
        returns Array(Tuple(return_id String, branch_id String, returned_at String, total_minor Nullable(Int64), items Array(Tuple(product_id String, quantity Decimal(12, 3), total_minor Nullable(Int64))))))') AS purchase,
    JSONExtract(payload, 'data', 'Tuple(product_id String, branch_id String, name String, revision UInt64)') AS entry,
    JSONExtractRaw(payload, 'data', 'customer') AS customer,
    JSONExtract(customer, 'Tuple(first_sold_at String, last_sold_at String, loyal_since String, first_sold_before String, loyal_before String,
        branch Tuple(first_sold_at String, last_sold_at String, loyal_since String, first_sold_before String, loyal_before String))') AS bought,
    -- What a DateTime can hold: 1970 to early 2106. Outside of it a moment would turn into one of another year.
    '^(19[7-9][0-9]|20[0-9][0-9]|210[0-5])-[0-9]{2}-[0-9]{2}' AS in_range,
    multiIf(payload = '', ['empty message'], isValidJSON(payload), arrayFilter(fault -> fault != '', [
        if(envelope.specversion != '1.0', 'not a CloudEvents 1.0 envelope', ''),
        if(not is_purchase AND type NOT IN ('pos.product.changed.v1', 'pos.branch.changed.v1'), 'unknown event type', ''),
        if(parseDateTime64BestEffortOrNull(envelope.time, 3, 'UTC') IS NULL OR not match(envelope.time, in_range), 'time is not a moment from 1970 to 2105', ''),
        if(is_purchase AND toUUIDOrNull(purchase.purchase_id) IS NULL, 'purchase_id is no UUID', ''),
        if(is_purchase AND purchase.version = 0, 'version is missing', ''),
        if(is_purchase AND purchase.status NOT IN ('recorded', 'voided'), 'unknown status', ''),
        if(is_purchase AND purchase.branch_id = '', 'branch_id is missing', ''),
        if(is_purchase AND (parseDateTime64BestEffortOrNull(purchase.sold_at, 3, 'UTC') IS NULL OR not match(purchase.sold_at, in_range)), 'sold_at is not a moment from 1970 to 2105', ''),
        if(is_purchase AND purchase.recorded_at != '' AND not match(purchase.recorded_at, in_range), 'recorded_at is not a moment from 1970 to 2105', ''),
        if(is_purchase AND arrayExists(moment -> moment != '' AND not match(moment, in_range), [
            bought.1, bought.2, bought.3, bought.4, bought.5, bought.6.1, bought.6.2, bought.6.3, bought.6.4, bought.6.5]),
            'a moment of the customer is not from 1970 to 2105', ''),
        if(is_purchase AND empty(purchase.items), 'no items', ''),
        if(is_purchase AND arrayExists(item -> item.product_id = '' OR item.quantity <= 0 OR item.unit_price_minor IS NULL OR item.unit_price_minor < 0, purchase.items), 'an item is incomplete', ''),
        if(is_purchase AND (purchase.total_minor IS NULL OR purchase.total_minor != arraySum(item -> ifNull(item.net_minor, toInt64(item.quantity * ifNull(item.unit_price_minor, 0))), purchase.items)), 'total_minor is not the sum of the items', ''),
        if(is_purchase AND purchase.gross_minor < purchase.total_minor, 'gross_minor is less than total_minor', ''),
        if(type = 'pos.purchase.returned.v1' AND empty(purchase.returns), 'no returns', ''),
        if(is_purchase AND arrayExists(given -> toUUIDOrNull(given.return_id) IS NULL OR given.branch_id = ''
            OR parseDateTime64BestEffortOrNull(given.returned_at, 3, 'UTC') IS NULL OR not match(given.returned_at, in_range), purchase.returns), 'a return is incomplete', ''),
        if(is_purchase AND arrayExists(given -> given.total_minor IS NULL
            OR given.total_minor != arraySum(item -> ifNull(item.total_minor, 0), given.items), purchase.returns), 'the total of a return is not the sum of its items', ''),
        if(is_purchase AND customer NOT IN ('', 'null') AND toUUIDOrNull(JSONExtractString(customer, 'customer_id')) IS NULL, 'customer_id is no UUID', ''),
        if(is_purchase AND customer NOT IN ('', 'null') AND (JSONExtractUInt(customer, 'number') = 0 OR JSONExtractUInt(customer, 'revision') = 0), 'customer has no number or revision', ''),
        if(type = 'pos.product.changed.v1' AND (entry.product_id = '' OR entry.name = '' OR entry.revision = 0), 'product is incomplete', ''),
        if(type = 'pos.branch.changed.v1' AND (entry.branch_id = '' OR entry.name = '' OR entry.revision = 0), 'branch is incomplete', '')
    ]), ['not JSON']) AS faults
SELECT
    payload,
    cityHash64(payload) AS payload_hash,
    topic,
    partition,
    offset,
    key,
    produced_at,
    now64(3, 'UTC') AS ingested_at,
    type AS event_type,
    parseDateTime64BestEffortOrZero(envelope.time, 3, 'UTC') AS event_time,
    if(empty(faults), 'ok', 'quarantined') AS dq_status,
    faults AS dq_errors,
    arrayConcat(
        arrayFilter(field -> field NOT IN ('specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'data', 'traceparent', 'requestid'), JSONExtractKeys(payload)),
        arrayMap(field -> concat('data.', field), arrayFilter(field -> is_purchase AND field NOT IN ('purchase_id', 'version', 'status', 'branch_id', 'sold_at', 'recorded_at', 'currency', 'gross_minor', 'discount_minor', 'total_minor', 'cashier', 'receipt_number', 'channel', 'tenders', 'items', 'returns', 'customer', 'void'), JSONExtractKeys(payload, 'data')))
    ) AS unknown_fields
FROM bronze.inbox;

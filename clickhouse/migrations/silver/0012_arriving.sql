-- The events of a block, their JSON read once for all views of silver: it keeps nothing itself.
-- The views read subcolumns of `data`: of each expression of a view a block pays the planning, so they have few.
CREATE TABLE silver.arriving
(
    event_type LowCardinality(String) COMMENT 'CloudEvents type',
    data       Tuple(
        purchase_id String, version UInt64, status String, branch_id String, sold_at String, recorded_at String, currency String, total_minor Int64,
        items Array(Tuple(product_id String, quantity UInt32, unit_price_minor Int64)),
        customer Tuple(
            customer_id String, number UInt32, revision UInt64, purchases UInt32, spent_minor Int64, loyal_since String, first_sold_at String, last_sold_at String,
            branch Tuple(revision UInt64, purchases UInt32, spent_minor Int64, loyal_since String, first_sold_at String, last_sold_at String)),
        product_id String, revision UInt64, name String, unit_price_minor Int64, active Bool, country String) COMMENT 'What the event says; a field that its type has not is empty or zero'
)
ENGINE = Null
COMMENT 'Events that are ok, on their way from bronze into the tables of silver';

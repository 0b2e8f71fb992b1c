-- Of each milestone (first, loyal; in the chain, in the branch) that this change has moved: a row where it is now, and one that is not
-- active where it was before, unless both are the same quarter of an hour. Most sales move none, and then nothing is written: the rows
-- of the event that moved it last hold.
CREATE MATERIALIZED VIEW silver.customer_milestones_mv TO silver.customer_milestones AS
SELECT place.1 AS branch_id, place.2 AS milestone, place.3 AS slot, customer_number, place.4 AS moment, place.5 AS active, place.6 AS revision, arrived_at
FROM (
    SELECT
        data.customer.number AS customer_number,
        ingested_at AS arrived_at,
        arrayFilter(m -> m.3 != m.4, arrayMap(
            (branch, milestone, now, before, revision) -> (branch, milestone, parseDateTime64BestEffortOrZero(now, 3, 'UTC'), parseDateTime64BestEffortOrZero(before, 3, 'UTC'), revision),
            ['', '', data.branch_id, data.branch_id],
            ['first', 'loyal', 'first', 'loyal'],
            [data.customer.first_sold_at, data.customer.loyal_since, data.customer.branch.first_sold_at, data.customer.branch.loyal_since],
            [data.customer.first_sold_before, data.customer.loyal_before, data.customer.branch.first_sold_before, data.customer.branch.loyal_before],
            [data.customer.revision, data.customer.revision, data.customer.branch.revision, data.customer.branch.revision])) AS told,
        arrayJoin(arrayFilter(place -> place.4 > toDateTime64(0, 3, 'UTC'), arrayConcat(
            arrayMap(m -> (m.1, m.2, toStartOfFifteenMinutes(toDateTime(m.3, 'UTC')), m.3, true, m.5), told),
            arrayMap(m -> (m.1, m.2, toStartOfFifteenMinutes(toDateTime(m.4, 'UTC')), m.4, false, m.5),
                arrayFilter(m -> toStartOfFifteenMinutes(toDateTime(m.3, 'UTC')) != toStartOfFifteenMinutes(toDateTime(m.4, 'UTC')), told))))) AS place
    FROM silver.arriving
    WHERE ${ARE_PURCHASES} AND customer_number > 0
);

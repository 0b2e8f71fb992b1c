-- How far the sealer is. Moments only grow, so the newest one of each name counts, whoever wrote it.
CREATE TABLE sealed.state
(
    clock LowCardinality(String) COMMENT 'The shop''s clock',
    name  LowCardinality(String) COMMENT 'horizon: every slot before it is sealed; open_day: start of the business day of the horizon; changed: the newest sealing that changed a figure; proved: when the newest proof of everything began',
    at    DateTime64(3, 'UTC')   COMMENT 'The moment'
)
ENGINE = ${ReplacingMergeTree}(at)
ORDER BY (clock, name)
COMMENT 'How far the sealer is. Read with max(at) by name.';

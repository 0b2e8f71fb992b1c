-- The events of a block, their JSON read once for all views of silver: it keeps nothing itself.
-- The views read subcolumns of `data`: of each expression of a view a block pays the planning, so they have few.
CREATE TABLE silver.arriving
(
    event_type  LowCardinality(String) COMMENT 'CloudEvents type',
    ingested_at DateTime64(3, 'UTC')   COMMENT 'When bronze received the event',
    data        ${EVENT_DATA}          COMMENT 'What the event says; a field that its type does not have is empty or zero'
)
ENGINE = Null
COMMENT 'Events that are ok, on their way from bronze into the tables of silver';

-- repeatable
CREATE OR REPLACE VIEW gold.branches
(
    branch_id LowCardinality(String) COMMENT 'Branch',
    branch    String                 COMMENT 'Name as shown',
    country   LowCardinality(String) COMMENT 'Country'
)
AS SELECT branch_id, name AS branch, country
FROM silver.branches FINAL
COMMENT 'Gold: the branches as they are now';

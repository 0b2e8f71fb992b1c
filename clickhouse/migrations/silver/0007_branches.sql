CREATE TABLE silver.branches
(
    branch_id LowCardinality(String) COMMENT 'Branch',
    revision  UInt64                 COMMENT 'Grows with every change; the highest row counts',
    name      String                 COMMENT 'Name as shown',
    country   LowCardinality(String) COMMENT 'Country'
)
ENGINE = ${ReplacingMergeTree}(revision)
ORDER BY branch_id
COMMENT 'Silver: the branches as they are now. Read with FINAL.';

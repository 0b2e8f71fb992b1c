-- Since the version before nobody has written or read it.
DROP TABLE IF EXISTS gold.folded_scopes;

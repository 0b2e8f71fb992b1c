-- Folds of main figures stay in the process that asked for them. The table stays for a dashboard that is not yet the new one; a later
-- version drops it.
ALTER TABLE gold.folded_scopes MODIFY COMMENT 'Not used any more; ask gold.days';

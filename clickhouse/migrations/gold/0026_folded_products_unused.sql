-- Folds of products stay in the process that asked for them, too. The table stays for a dashboard that is not yet the new one; a later
-- version drops it.
ALTER TABLE gold.folded_products MODIFY COMMENT 'Not used any more; ask gold.day_products';

-- gold.sealed_spans took its place; what is sealed can be sealed again at any time.
DROP TABLE IF EXISTS gold.sealed_periods;

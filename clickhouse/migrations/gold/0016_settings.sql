-- repeatable
CREATE OR REPLACE VIEW gold.settings
(
    shop_timezone      String               COMMENT 'Time zone of the shop''s days and hours',
    business_day_start String               COMMENT 'When a business day begins on the shop''s clock',
    sealed_until       DateTime64(3, 'UTC') COMMENT 'What was sold before is summed ahead of every question; later sales are read from the facts',
    proved_at          DateTime64(3, 'UTC') COMMENT 'When the newest proof of everything began: at that moment every sum was that of its purchases; 1970 before the first'
)
AS SELECT '${SHOP_TIMEZONE}' AS shop_timezone, '${BUSINESS_DAY_START}' AS business_day_start,
    (SELECT max(at) FROM sealed.state WHERE clock = '${SHOP_CLOCK}' AND name = 'horizon') AS sealed_until,
    (SELECT max(at) FROM sealed.state WHERE clock = '${SHOP_CLOCK}' AND name = 'proved') AS proved_at
COMMENT 'Gold: the settings of the shop that its figures depend on, and how far they are proved';

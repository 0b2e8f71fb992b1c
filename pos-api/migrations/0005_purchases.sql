-- Few checks: Postgres reads each anew for every statement that inserts, a few µs of recording a lone purchase.
--
-- The key and the fingerprint of its content stay with the purchase for ever: a retry in a year is still a retry. A key is
-- unique per credential: the id of the API key, `branch:<id>` where API keys are off, `loader` for files.
create table purchases (
  purchase_id        uuid primary key,
  idempotency_key    text not null check (length(idempotency_key) between 1 and 255),
  credential         text not null,
  fingerprint        bytea not null,
  branch_id          text not null,
  customer_id        uuid,
  sold_at            timestamptz(3) not null,
  recorded_at        timestamptz(3) not null,
  -- What it would have cost without discounts, the discount of the receipt as a whole, and what was paid.
  gross_minor        bigint not null,
  discount_minor     bigint not null default 0,
  total_minor        bigint not null check (total_minor >= 0),
  currency           char(3) not null,
  cashier            text,
  -- The till's own. Null where it gave none.
  receipt_number     text,
  channel            text not null default 'pos' check (channel in ('pos', 'web')),
  -- How it was paid: [{type, amount_minor}], adding up to the total. Null where the till did not say.
  tenders            jsonb,
  -- What the till was told, so that a retry is told the same: which purchase of the customer it was, and whether loyal.
  customer_purchases integer,
  customer_loyal     boolean,
  -- The request that recorded it, so that one sale is followed from the till's log to the event. Null when it came from a file.
  request_id         text check (length(request_id) between 1 and 128),
  version            integer not null default 1,
  -- When something of it was last taken back, see returns.
  returned_at        timestamptz(3),
  voided_at          timestamptz(3),
  -- Who took it back: the id of an API key, `loopback` where keys are off, `postgres:<role>` by hand. Then why, and by which request.
  voided_by          text check (length(voided_by) between 1 and 128),
  void_reason        text check (length(void_reason) between 1 and 500),
  void_request_id    text check (length(void_request_id) between 1 and 128),
  unique (idempotency_key, credential),
  check ((voided_at is null) = (voided_by is null))
);

create index purchases_of_customer on purchases (customer_id, sold_at) where customer_id is not null and voided_at is null;
-- Purchases of a period (sending again, comparing by slot) and those voided lately.
create index purchases_by_sale on purchases (sold_at);
-- Purchases by what stands on the receipt, for returns.
create index purchases_of_receipt on purchases (receipt_number) where receipt_number is not null;
create index purchases_voided on purchases (voided_at) where voided_at is not null;

-- No foreign key to products: record_purchases joins them to find the price, and products are never deleted.
create table purchase_items (
  purchase_id      uuid not null,
  line             smallint not null,
  -- Whether the quantity was of kilograms: what the product was sold by then, whatever it is sold by today.
  weighed          boolean not null,
  product_id       text not null,
  quantity         numeric(12, 3) not null check (quantity > 0),
  unit_price_minor bigint not null,
  -- The discount of this line; quantity × unit price, rounded half up, less that; and that less the line's share of the receipt's discount.
  discount_minor   bigint not null,
  total_minor      bigint not null,
  net_minor        bigint not null,
  check (net_minor >= 0),
  primary key (purchase_id, line)
);

-- Part or all of a purchase taken back, later, perhaps in another branch. Key, credential and fingerprint as those of a purchase.
create table returns (
  return_id       uuid primary key,
  purchase_id     uuid not null references purchases,
  idempotency_key text not null check (length(idempotency_key) between 1 and 255),
  credential      text not null,
  fingerprint     bytea not null,
  -- Where it was taken back.
  branch_id       text not null,
  returned_at     timestamptz(3) not null,
  recorded_at     timestamptz(3) not null,
  -- What the customer got back.
  total_minor     bigint not null check (total_minor >= 0),
  cashier         text,
  reason          text check (length(reason) between 1 and 500),
  request_id      text check (length(request_id) between 1 and 128),
  -- Who recorded it, as purchases.voided_by.
  returned_by     text not null check (length(returned_by) between 1 and 128),
  unique (idempotency_key, credential)
);
create index returns_of_purchase on returns (purchase_id);

create table return_items (
  return_id   uuid not null references returns,
  line        smallint not null,
  product_id  text not null,
  quantity    numeric(12, 3) not null check (quantity > 0),
  total_minor bigint not null check (total_minor >= 0),
  primary key (return_id, line)
);

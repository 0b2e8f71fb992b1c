-- What the chain decided about itself, as far as recording depends on it. Written from the settings at each start.
create table chain_settings (
  only_row             boolean primary key default true check (only_row),
  currency             char(3) not null,
  loyal_threshold      integer not null check (loyal_threshold >= 1),
  chain_since          timestamptz not null,
  -- How much of one product a purchase may hold: the sum of its quantities, for products sold by weight its lines. 0: no limit.
  max_quantity         integer not null check (max_quantity >= 0),
  -- While customers follow a new threshold: the number of the last one who has. Null when all have.
  customers_revised_to integer
);

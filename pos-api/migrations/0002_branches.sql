-- Rows of branches and customers are never removed or given another id: purchases name them. That is refused here, once, and
-- not by foreign keys: two on each purchase and two on each customer of a branch cost a tenth of recording, since Postgres
-- looks up and locks the rows they name, one by one, and record_purchases has joined those very rows.
create function refuse_to_forget() returns trigger language plpgsql as $$
begin
  -- forget_customer gives all that name the row the other id, in one transaction.
  if tg_op = 'UPDATE' and current_setting('tillstream.forgetting', true) = 'on' then return null; end if;
  raise exception 'a row of % is never removed or given another id: purchases name it', tg_table_name
    using errcode = 'integrity_constraint_violation';
end $$;

-- The revision orders the events of a branch.
create table branches (
  branch_id text primary key check (branch_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  name      text not null check (name <> ''),
  country   text not null,
  revision  bigint not null default 1
);

create trigger branches_stay before delete or truncate or update of branch_id on branches
  for each statement execute function refuse_to_forget();

-- The devices that sell in a branch. The number is part of their receipt numbers, so it is never given twice.
create table tills (
  branch_id     text not null references branches,
  number        integer not null check (number >= 1),
  -- What the device calls itself.
  device        uuid not null,
  registered_at timestamptz(3) not null default clock_timestamp(),
  primary key (branch_id, number),
  unique (branch_id, device)
);
create trigger tills_stay before delete or truncate or update on tills
  for each statement execute function refuse_to_forget();

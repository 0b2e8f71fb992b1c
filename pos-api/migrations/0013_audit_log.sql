-- Who did what, when: logins, users, keys, products and their prices, branches, voids, returns, settings, forgetting. Triggers write
-- it, so that no way of making a change passes it by; logins are told by the dashboard. Only added to, and kept for good. No customer
-- stands in it, so forgetting one has nothing to do here: of a void and a return the reason and the request's id stand with the
-- purchase alone, since they may name a person.
create table audit_log (
  audit_id   bigint generated always as identity primary key,
  at         timestamptz(3) not null default clock_timestamp(),
  -- A user's name, an API key's id, or the program and the operator who ran it.
  who        text not null,
  -- owner, manager, cashier; key; operator: a command or SQL; nobody: not logged in.
  role       text not null,
  action     text not null,
  -- Of what: the name of a user, the id of a key, product, branch or purchase.
  subject    text not null default '',
  -- From where, of logins.
  address    text,
  request_id text,
  -- What was changed, as it was and as it is.
  before     jsonb,
  after      jsonb,
  -- The role of the connection in Postgres.
  connection text not null default session_user
);
create index audit_log_of_action on audit_log (action, audit_id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is only added to', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger audit_log_stays before update or delete or truncate on audit_log for each statement execute function refuse_change();
create trigger api_keys_stay before delete or truncate on api_keys for each statement execute function refuse_change();
create trigger users_stay before delete or truncate on users for each statement execute function refuse_change();

-- Writes one entry. Who acts: done_by, else the setting tillstream.actor of the transaction, {who, role, address, request_id}; without
-- both the program of the connection.
create function audit(action text, subject text, before jsonb, after jsonb, done_by jsonb default null) returns void
language plpgsql security definer set search_path = public as $$
declare
  actor jsonb := coalesce(done_by, nullif(current_setting('tillstream.actor', true), '')::jsonb, '{}');
begin
  insert into audit_log (who, role, action, subject, address, request_id, before, after)
    values (coalesce(actor ->> 'who', nullif(current_setting('application_name', true), ''), session_user),
      coalesce(actor ->> 'role', 'operator'), action, subject, actor ->> 'address', actor ->> 'request_id', before, after);
end $$;
revoke execute on function audit from public;

-- A row that was added or changed: trigger arguments are what it is, its id's column, and the columns that do not matter. Of a secret
-- only that it was set is written down.
create function audit_row() returns trigger language plpgsql security definer set search_path = public as $$
declare
  former  jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) else '{}' end;
  present jsonb := to_jsonb(new);
  fields  text[] := array(
    select key from jsonb_each(present)
    where key <> all (string_to_array(tg_argv[2], ',')) and value is distinct from coalesce(former -> key, 'null'));
begin
  if fields = '{}' then return null; end if;
  perform audit(
    concat(tg_argv[0], ' ', case when tg_op = 'INSERT' then 'made'
      when fields && array['ended_at', 'revoked_at'] then 'ended' else 'changed' end),
    coalesce(present ->> tg_argv[1], ''),
    (select jsonb_object_agg(key, former -> key) from unnest(fields) as key where tg_op = 'UPDATE' and key not like '%\_hash'),
    (select jsonb_object_agg(key, case when key like '%\_hash' then '"set"' else present -> key end) from unnest(fields) as key));
  return null;
end $$;
create trigger users_are_audited after insert or update of name, role, branch_ids, password_hash, pin_hash, ended_at on users
  for each row execute function audit_row('user', 'name', 'user_id,name,created_at,pin_failures');
create trigger api_keys_are_audited
  after insert or update of key_id, secret_hash, name, branch_id, scopes, created_at, revoked_at, expires_at on api_keys
  for each row execute function audit_row('key', 'key_id', 'key_id,created_at,last_used_at');
create trigger branches_are_audited after insert or update on branches
  for each row execute function audit_row('branch', 'branch_id', 'branch_id,revision');
create trigger settings_are_audited after insert or update of currency, loyal_threshold, chain_since, max_quantity on chain_settings
  for each row execute function audit_row('settings', '', 'only_row,customers_revised_to,revision_epoch');
create trigger products_are_audited after insert on products
  for each row execute function audit_row('product', 'product_id', 'product_id,revision,price_from,price_until,retired_at');
-- What a product costs stands with its prices.
create trigger product_changes_are_audited after update of name, category, unit, sku, open_price, active on products
  for each row execute function audit_row('product', 'product_id',
    'product_id,revision,price_from,price_until,retired_at,unit_price_minor');

create function audit_price() returns trigger language plpgsql security definer set search_path = public as $$
begin
  perform audit('price set', new.product_id,
    case when tg_op = 'UPDATE' then jsonb_build_object('unit_price_minor', old.unit_price_minor)
      else (select jsonb_build_object('unit_price_minor', unit_price_minor) from product_prices
        where product_id = new.product_id and valid_from < new.valid_from order by valid_from desc limit 1) end,
    jsonb_build_object('unit_price_minor', new.unit_price_minor, 'from', new.valid_from));
  return null;
end $$;
-- The first price comes with the product.
create trigger prices_are_audited after insert or update of unit_price_minor on product_prices
  for each row when (isfinite(new.valid_from)) execute function audit_price();

-- Who took something back, as purchases.voided_by names it.
create function actor_of(taken_back_by text) returns jsonb language sql immutable as $$
  select jsonb_build_object('who', taken_back_by, 'role', case when taken_back_by like 'postgres:%' then 'operator'
    when taken_back_by = 'loopback' then 'nobody' else 'key' end)
$$;
create function audit_void() returns trigger language plpgsql security definer set search_path = public as $$
begin
  perform audit('purchase voided', new.purchase_id::text, null,
    jsonb_build_object('branch_id', new.branch_id, 'total_minor', new.total_minor), actor_of(new.voided_by));
  return null;
end $$;
create trigger voids_are_audited after update of voided_at on purchases
  for each row when (old.voided_at is null and new.voided_at is not null) execute function audit_void();
create function audit_return() returns trigger language plpgsql security definer set search_path = public as $$
begin
  perform audit('purchase returned', new.purchase_id::text, null, jsonb_strip_nulls(jsonb_build_object('return_id', new.return_id,
    'branch_id', new.branch_id, 'total_minor', new.total_minor, 'cashier', new.cashier)), actor_of(new.returned_by));
  return null;
end $$;
-- Not of those that come from a file: that is history.
create trigger returns_are_audited after insert on returns
  for each row when (new.credential <> 'loader') execute function audit_return();
create function audit_forgetting() returns trigger language plpgsql security definer set search_path = public as $$
begin
  perform audit('customer forgotten', '', null, null);
  return null;
end $$;
create trigger forgetting_is_audited after insert on forgetting for each row execute function audit_forgetting();

-- What happened to keys, with the end of what expired, which nobody has to write.
create view api_key_history as
  select entry.subject as key_id, case entry.action when 'key made' then 'created' when 'key ended' then 'revoked' else 'changed' end as event,
    entry.at, entry.connection as role, entry.who as application, known.name, known.branch_id, known.scopes, known.expires_at
  from audit_log entry join api_keys known on known.key_id = entry.subject
  where entry.action in ('key made', 'key changed', 'key ended')
  union all
  select key_id, 'expired', expires_at, null, null, name, branch_id, scopes, expires_at
  from api_keys where expires_at <= now() and (revoked_at is null or revoked_at > expires_at);

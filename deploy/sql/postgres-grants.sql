-- What each service may do in Postgres. Functions run with the rights of their caller, so these name the tables that
-- record_purchases, void_purchase, return_purchase and the others touch on its behalf. Nobody but the owner may delete a purchase.
revoke create on schema public from public;
grant usage on schema public to pos_api, relay, reconciler, dashboard, loader;

-- The API records and voids, keeps the catalog for those whose key says so, and knows the keys without making any.
grant select on chain_settings, api_keys to pos_api;
grant update (customers_revised_to) on chain_settings to pos_api;
grant update (last_used_at) on api_keys to pos_api;
grant select, insert on branches, tills, products, product_prices, customers, customer_branches, purchases to pos_api;
-- What a change may touch: never whose a purchase is, what it cost, when it was, or the key that it came with.
grant update (name, country, revision) on branches to pos_api;
grant update (name, category, unit, sku, open_price, unit_price_minor, active, revision, price_from, price_until, retired_at)
  on products to pos_api;
grant update (unit_price_minor) on product_prices to pos_api;
grant update (revision, purchases, spent_minor, first_sold_at, first_sold_before, last_sold_at, loyal_since, loyal_before)
  on customers, customer_branches to pos_api;
grant update (voided_at, voided_by, void_reason, void_request_id, returned_at, version) on purchases to pos_api;
grant select, insert on returns, return_items to pos_api;
grant select, insert on purchase_items to pos_api;
grant select, insert on outbox to pos_api;

-- The loader calls the same functions for sales and returns, and keeps the catalog.
grant select on chain_settings to loader;
grant select, insert on loaded_files, purchase_columns to loader;
grant select, insert, update on branches, products, product_prices, customers, customer_branches, purchases to loader;
grant select, insert on purchase_items, returns, return_items to loader;
grant select, insert on outbox to loader;

-- The relay takes events out of the outbox, sets aside what nobody takes, and sees nothing else; claiming with FOR
-- UPDATE asks for UPDATE. It clears up its table where Postgres lets anybody but the owner do that (17 and later).
grant select, update, delete on outbox to relay;
grant select, insert on dead_letters to relay;
do $$ begin
  if current_setting('server_version_num')::int >= 170000 then
    execute 'grant maintain on outbox to relay';
  end if;
end $$;

-- The reconciler reads the books and sends again: a number of a version is all that it may change in them.
grant select on chain_settings, branches, products, customers, customer_branches, purchases, purchase_items, returns, return_items,
  outbox, reconciliation_runs to reconciler;
grant update (version) on purchases to reconciler;
grant update (revision) on products, branches to reconciler;
grant update (run) on reconciliation_runs to reconciler;
grant update (revision, first_sold_before, loyal_before) on customers, customer_branches to reconciler;
grant insert on outbox to reconciler;
-- What was set aside is not sent again; it need not see what is in it.
grant select (key) on dead_letters to reconciler;
-- Who is being forgotten is no difference, but not who they become.
grant select (customer_id) on forgetting to reconciler;

-- The dashboard shows how much waits in the outbox, knows the keys by their hashes and the branches that a user may have.
grant select (id, created_at) on outbox to dashboard;
grant select on api_keys, branches to dashboard;
-- The owner makes and ends users on a page; a wrong PIN is counted. What a user is stays as it was made.
grant select, insert on users to dashboard;
grant update (password_hash, pin_hash, pin_failures, ended_at) on users to dashboard;
-- Sessions and sign-ins at tills are its own: it starts, ends and uses them.
grant select, insert, delete, update (last_used_at) on sessions to dashboard;
grant select, insert, delete, update (signed_out_at) on till_sign_ins to dashboard;
-- It shows the audit log to the owner and tells it of logins. Nobody else may add an entry but by what triggers see them do.
grant select on audit_log to dashboard;
grant execute on function audit to dashboard;

-- Two foreign keys on each purchase and two on each customer of a branch cost a tenth of recording: Postgres looks up and
-- locks the rows they name, one by one. record_purchases has joined those very rows, so all that can break is that one
-- of them goes, or gets another id, and that is refused here, once, where it would happen.
alter table purchases
  drop constraint purchases_branch_id_fkey,
  drop constraint purchases_customer_id_fkey;
alter table customer_branches
  drop constraint customer_branches_branch_id_fkey,
  drop constraint customer_branches_customer_id_fkey;

create function refuse_to_forget() returns trigger language plpgsql as $$
begin
  raise exception 'a row of % is never removed or given another id: purchases name it', tg_table_name
    using errcode = 'integrity_constraint_violation';
end $$;

create trigger branches_stay before delete or truncate or update of branch_id on branches
  for each statement execute function refuse_to_forget();
create trigger customers_stay before delete or truncate or update of customer_id on customers
  for each statement execute function refuse_to_forget();

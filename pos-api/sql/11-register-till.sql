-- Gives a device its number in a branch: the next one, or the one that it has. No row: there is no such branch.
create or replace function register_till(in_branch text, of_device uuid) returns table (number integer, is_new boolean)
language plpgsql as $$
#variable_conflict use_column
begin
  if not exists (select from branches where branch_id = in_branch) then return; end if;
  loop
    return query select number, false from tills where branch_id = in_branch and device = of_device;
    if found then return; end if;
    -- Another device may take the number meanwhile: then the next one is tried.
    return query insert into tills (branch_id, number, device)
      select in_branch, coalesce(max(number), 0) + 1, of_device from tills where branch_id = in_branch
      on conflict do nothing returning number, true;
    if found then return; end if;
  end loop;
end $$;

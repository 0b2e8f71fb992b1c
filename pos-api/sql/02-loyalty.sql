-- When the purchase that reached the threshold was sold: in the chain, or in one branch. Null while there are fewer.
-- Loyal is a fact with a moment: a late sale or a void can move it, so it is looked up, never counted up.
create or replace function loyal_since(customer uuid, branch text, threshold integer) returns timestamptz
language sql stable
return (
  select sold_at from purchases
  where customer_id = customer and voided_at is null and (branch is null or branch_id = branch)
  order by sold_at offset threshold - 1 limit 1);

-- Takes the oldest rows above a number ($1) that no other relay has in hand, at most $2 of them and, but for the first,
-- no more than $3 bytes. The delete becomes final when the broker has them: the relay commits then, and rolls back
-- otherwise. Rows are locked first and summed up after; those past the bytes are locked in vain until the commit.
with oldest as (
  select id, octet_length(payload) as bytes from outbox where id > $1 order by id limit $2 for update skip locked
), summed as (
  select id, sum(bytes) over (order by id) - bytes as bytes_before from oldest
)
delete from outbox
where id = any (array (select id from summed where bytes_before < $3))
-- Their age by Postgres's own clock: the relay's may differ.
returning id, key, payload, date_part('epoch', clock_timestamp() - created_at) as age_seconds

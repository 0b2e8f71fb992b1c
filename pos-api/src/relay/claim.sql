-- Takes the oldest rows that no other relay has in hand, by their ids. The delete becomes final when the broker has
-- them: the relay commits then, and rolls back otherwise.
delete from outbox
where id = any (array (select id from outbox order by id limit $1 for update skip locked))
returning id, key, payload

-- The request that recorded the purchase: with it one sale is followed from the till's log to the event. Null when it came from a file.
alter table purchases add request_id text check (length(request_id) between 1 and 128);

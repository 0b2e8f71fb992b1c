import type pg from 'pg';

/** How often connections are looked at, as a part of the time they are given. */
const LOOKS = 5;

/**
 * Closes connections of a pool that have been in use for too long, so that others take their place: whoever waits on one
 * gets an error for which {@link isUnavailable} is true. Up to a fifth later than said.
 *
 * One timer looks at all of them. pg's own `query_timeout` makes one for each query, and what the query holds was then found
 * to outlive two collections of young objects: at 3,000 purchases a second the heap was marked three times as often.
 *
 * @param afterMs milliseconds that a connection may be in use, for whatever number of queries
 */
export const giveUpSlowConnections = (pool: pg.Pool, afterMs: number): void => {
  // An idle one keeps its place with zero: a map that shrinks and grows all the time is made anew all the time.
  const inUse = new Map<pg.PoolClient, number>();
  pool.on('acquire', (client) => inUse.set(client, performance.now()));
  pool.on('release', (_error, client) => inUse.set(client, 0));
  pool.on('remove', (client) => inUse.delete(client));
  const timer = setInterval(() => {
    if (pool.ended) clearInterval(timer);
    for (const [client, since] of inUse) if (since > 0 && performance.now() - since > afterMs) close(client);
  }, afterMs / LOOKS).unref();
};

/** With a query under way this closes the socket at once; the pool's own client has `end`, which its type does not show. */
const close = (client: pg.PoolClient & { end?: () => Promise<void> }): void => {
  client.end?.().catch(() => undefined);
};

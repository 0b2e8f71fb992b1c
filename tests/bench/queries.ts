/** Queries that a ClickHouse has begun since its start; setting up a request's session is one of its own. */
export const queriesOf = async (clickhouse: string): Promise<number> => {
  const { origin, username, password } = new URL(clickhouse);
  const response = await fetch(origin, {
    method: 'POST',
    headers: { 'X-ClickHouse-User': username, 'X-ClickHouse-Key': decodeURIComponent(password) },
    body: "SELECT value FROM system.events WHERE event = 'Query'",
  });
  return Number(await response.text());
};

/** Queries that a ClickHouse has begun since its start; setting up a request's session is one of its own. */
export const queriesOf = async (clickhouse: string): Promise<number> => {
  const response = await fetch(`${clickhouse}/`, {
    method: 'POST',
    body: "SELECT value FROM system.events WHERE event = 'Query'",
  });
  return Number(await response.text());
};

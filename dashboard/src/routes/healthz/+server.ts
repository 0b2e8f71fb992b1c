/** `GET /healthz`: the process is alive. It shows no figure and asks nobody. */
export const GET = () => Response.json({ status: 'alive' }, { headers: { 'cache-control': 'no-store' } });

// In front of the embedded engine, which has users of its own: checks passwords against the file that the real server reads, and
// narrows the request to the one user the engine has for that purpose. Grants, profiles and quotas of users.d are not its work.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';

const PASSWORDS = '/secrets/clickhouse/passwords.xml';
const ENGINE = { host: '127.0.0.1', port: 8124 };
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

const hashes = new Map(
  [...readFileSync(PASSWORDS, 'utf8').matchAll(/<(\w+)_password>([0-9a-f]{64})</g)].map(([, user, hash]) => [
    user,
    hash,
  ]),
);

const refusal = (request) => {
  const [, credentials] = /^Basic (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  const [user, ...rest] = Buffer.from(credentials ?? '', 'base64')
    .toString()
    .split(':');
  const given = createHash('sha256').update(rest.join(':')).digest('hex');
  request.user = user;
  return hashes.get(user) === given ? undefined : user;
};

/** The engine's `default` has a password that its start made. */
const asUser = (user) => ({
  'x-clickhouse-user': user,
  ...(user === 'default' && { 'x-clickhouse-key': process.env.CLICKHOUSE_PASSWORD }),
});

http
  .createServer((request, response) => {
    const url = new URL(request.url, 'http://engine');
    if (url.pathname !== '/ping') {
      const refused = refusal(request);
      if (refused !== undefined) {
        request.resume();
        response.writeHead(403, { 'X-ClickHouse-Exception-Code': '516' });
        response.end(`Code: 516. DB::Exception: ${refused}: Authentication failed. (AUTHENTICATION_FAILED)`);
        return;
      }
    }
    const { authorization, host, ...headers } = request.headers;
    const user = request.user === 'analyst' ? 'analyst' : 'default';
    const onward = http.request(
      {
        ...ENGINE,
        agent,
        method: request.method,
        path: url.pathname + url.search,
        headers: { ...headers, ...asUser(user) },
      },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => {
      if (!response.headersSent) response.writeHead(503);
      response.end();
    });
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  })
  .listen(8123, '0.0.0.0');

// The server's own endpoint for Prometheus, by the engine's own format.
const METRICS = `SELECT concat('ClickHouseMetrics_', metric) AS name, toFloat64(value) AS value, description AS help, 'gauge' AS type
  FROM system.metrics FORMAT Prometheus`;
http
  .createServer((_request, response) => {
    const onward = http.request(
      { ...ENGINE, agent, method: 'POST', path: '/', headers: asUser('default') },
      (answer) => {
        response.writeHead(answer.statusCode, { 'Content-Type': 'text/plain; version=0.0.4' });
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(503).end());
    onward.end(METRICS);
  })
  .listen(9363, '0.0.0.0');

// Serves the build. The app's init hook has checked every setting by the time the import below returns.
import { createServer } from 'node:http';

// Without a proxy that says how the browser came, it came here: by plain HTTP. The build would take it for HTTPS.
const OWN_PROTOCOL = 'x-own-protocol';
const proxied = process.env.ORIGIN || process.env.PROTOCOL_HEADER;
if (!proxied) process.env.PROTOCOL_HEADER = OWN_PROTOCOL;

const { handler } = await import('./build/handler.js');
const host = process.env.HOST || '127.0.0.1';
const port = Number(process.env.DASHBOARD_PORT || 3000);

/** For every answer, files included; what a page may load is in its content security policy. */
const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};
const isHttps = (request) =>
  (process.env.ORIGIN ?? '').startsWith('https:') || request.headers[process.env.PROTOCOL_HEADER ?? ''] === 'https';

// A proxy keeps idle connections for a minute: who closes first must not be the one that is about to be asked.
const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  if (!proxied) request.headers[OWN_PROTOCOL] = 'http';
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (isHttps(request)) response.setHeader('Strict-Transport-Security', 'max-age=31536000');
  handler(request, response);
});

server.on('error', (error) => {
  const taken = error.code === 'EADDRINUSE';
  console.error(taken ? `Port ${port} is taken: set DASHBOARD_PORT to a free one.` : `Cannot listen: ${error.message}`);
  process.exit(1);
});

server.listen(port, host, () => console.log(`Dashboard on http://${host}:${port}`));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    // The app ends its live streams on the same signal; whatever still hangs on after two seconds is cut off.
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), 2_000).unref();
  });
}

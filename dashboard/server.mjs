// Serves the build. The app's init hook has checked every setting by the time the import below returns.
import { createServer } from 'node:http';
import { handler } from './build/handler.js';

const host = process.env.HOST || '127.0.0.1';
const port = Number(process.env.DASHBOARD_PORT || 3000);

const server = createServer(handler);

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

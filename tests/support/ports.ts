import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A port of 127.0.0.1 that is free now. Below those that the system lends to outgoing connections, one of which would
 * have taken it before its server starts.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(10_240, 32_000);
    if (await isFree(port)) return port;
  }
};

/** A free port whose successor is free, too: Kafka's controller takes that one. */
export const freePortPair = async (): Promise<number> => {
  for (;;) {
    const port = await freePort();
    if (await isFree(port + 1)) return port;
  }
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

import type { AddressInfo } from 'node:net';
import net from 'node:net';

/** A way to a server that can fall silent: connections stay open, and nothing comes through, as when a cable is pulled. */
export interface SilentProxy {
  port: number;
  silence: () => void;
  restore: () => void;
  close: () => void;
}

/** Starts one in front of a port of this machine. */
export const startSilentProxy = async (target: number): Promise<SilentProxy> => {
  const sockets = new Set<net.Socket>();
  let silent = false;
  const server = net.createServer((inward) => {
    const outward = net.connect(target, '127.0.0.1');
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (silent) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    silence: () => {
      silent = true;
      for (const socket of sockets) socket.pause();
    },
    restore: () => {
      silent = false;
      for (const socket of sockets) socket.resume();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};

import { createServer } from 'node:net';

/** A port of 127.0.0.1 that a part needs, and the setting that moves it. */
export interface NeededPort {
  port: number;
  setting: string;
  part: string;
}

/** Throws one line that names the first port that something else listens on, and its setting. */
export const requireFreePorts = async (needed: NeededPort[]): Promise<void> => {
  for (const { port, setting, part } of needed) {
    if (port > 65_535) throw new Error(`port ${port} for ${part} does not exist: set ${setting} to another port`);
    if (!(await isFree(port))) {
      throw new Error(`port ${port} for ${part} is taken: stop what uses it or set ${setting} to another port`);
    }
  }
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });

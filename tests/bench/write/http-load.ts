import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { randomPurchase } from './purchases.ts';

/** What a load has seen. */
export interface LoadResult {
  seconds: number;
  /** Milliseconds of each purchase that was answered 201. */
  latencies: number[];
  /** `performance.now()` of each 201. */
  answeredAt: number[];
  /** Answers of another status, and requests without an answer, by what they were. */
  others: Record<string, number>;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * One kept-alive connection with one request at a time. By hand, because an HTTP client costs as much CPU as the server
 * that is measured: it reads the status and Content-Length of an answer, no more.
 */
class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #authorization: string;
  #received: Buffer = Buffer.alloc(0);
  #answered: ((status: string) => void) | undefined;

  private constructor(socket: Socket, host: string, key: string | undefined) {
    this.#socket = socket;
    this.#host = host;
    this.#authorization = key === undefined ? '' : `Authorization: Bearer ${key}\r\n`;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    const end = () => this.#answered?.('connection closed');
    socket.on('error', end);
    socket.on('close', end);
  }

  static async open(url: URL, key: string | undefined): Promise<Connection> {
    const socket = connect(Number(url.port), url.hostname);
    await once(socket, 'connect');
    return new Connection(socket, url.host, key);
  }

  /** Posts a purchase; resolves with the status of its answer. */
  post(): Promise<string> {
    const body = randomPurchase();
    return new Promise((resolve) => {
      this.#answered = (status) => {
        this.#answered = undefined;
        resolve(status);
      };
      if (this.#socket.destroyed) return this.#answered('connection closed');
      this.#socket.write(
        `POST /v1/purchases HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: application/json\r\n${this.#authorization}Idempotency-Key: ${randomUUID()}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf(END_OF_HEAD);
    if (headEnd < 0) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length: ${head}`);
    const end = headEnd + END_OF_HEAD.length + Number(length);
    if (this.#received.length < end) return;
    this.#received = this.#received.subarray(end);
    this.#answered?.(head.slice(9, 12));
  }
}

const withConnections = async (
  url: string,
  count: number,
  key: string | undefined,
  work: (connections: Connection[], note: (began: number, status: string) => void) => Promise<void>,
): Promise<LoadResult> => {
  const connections = await Promise.all(Array.from({ length: count }, () => Connection.open(new URL(url), key)));
  const result: LoadResult = { seconds: 0, latencies: [], answeredAt: [], others: {} };
  const began = performance.now();
  try {
    await work(connections, (requestBegan, status) => {
      const now = performance.now();
      if (status === '201') {
        result.latencies.push(now - requestBegan);
        result.answeredAt.push(now);
      } else {
        result.others[status] = (result.others[status] ?? 0) + 1;
      }
    });
  } finally {
    result.seconds = (performance.now() - began) / 1000;
    for (const connection of connections) connection.close();
  }
  return result;
};

/** Each connection posts its next purchase, with an API key if there is one, when the last is answered. */
export const closedLoop = (url: string, connections: number, seconds: number, key?: string): Promise<LoadResult> =>
  withConnections(url, connections, key, async (all, note) => {
    const deadline = performance.now() + seconds * 1000;
    await Promise.all(
      all.map(async (connection) => {
        while (performance.now() < deadline) {
          const began = performance.now();
          const status = await connection.post();
          note(began, status);
          if (status === 'connection closed') return;
        }
      }),
    );
  });

/**
 * Purchases come at their own rate, whatever the answers take. The latency of each counts from when it was due, so it
 * includes the wait for a free connection and up to a millisecond of this timer.
 */
export const openLoop = (url: string, connections: number, rate: number, seconds: number): Promise<LoadResult> =>
  withConnections(url, connections, undefined, async (all, note) => {
    const free = [...all];
    const due: number[] = [];
    let inFlight = 0;
    const send = () => {
      while (due.length > 0 && free.length > 0) {
        // The one that rested longest: one that never asks is closed after its headers' time.
        const connection = free.shift();
        const began = due.shift();
        if (!connection || began === undefined) return;
        inFlight += 1;
        void connection.post().then((status) => {
          note(began, status);
          inFlight -= 1;
          if (status !== 'connection closed') free.push(connection);
          send();
        });
      }
    };
    const start = performance.now();
    for (let n = 0; n < rate * seconds; ) {
      const now = performance.now();
      for (; n < rate * seconds && start + (n * 1000) / rate <= now; n++) due.push(start + (n * 1000) / rate);
      send();
      await delay(1);
    }
    const deadline = performance.now() + 10_000;
    while ((inFlight > 0 || due.length > 0) && performance.now() < deadline) await delay(5);
    for (const began of due) note(began, 'never sent');
  });

/** Other answers than 201, as a phrase; empty when there were none. */
export const othersOf = ({ others }: Pick<LoadResult, 'others'>): string =>
  Object.entries(others)
    .map(([status, count]) => `, ${count} × ${status}`)
    .join('');

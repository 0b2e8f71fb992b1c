import { execFileSync } from 'node:child_process';
import { constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

const CHUNK_BYTES = 65_536;

/**
 * A named pipe through which the engine gives a result while it makes it: `INTO OUTFILE '<path>' APPEND`. The engine's
 * own way gives results whole, several times over in memory. Both ends are open here, so that the pipe never ends and
 * the engine never meets a closed one; it waits when nobody reads.
 */
export class OutputPipe {
  readonly path: string;
  readonly #fd: number;
  readonly #socket: Socket;
  #take: ((chunk: Buffer) => boolean) | undefined;

  /** Makes the pipe at a path that is free. */
  constructor(path: string) {
    execFileSync('mkfifo', ['-m', '600', path]);
    this.path = path;
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd: this.#fd, readable: true, writable: false });
    this.#socket.on('data', (chunk) => {
      if (this.#take?.(chunk) === false) this.#socket.pause();
    });
  }

  /** From now on chunks go to `take`; after one that it answers with false the engine waits for `goOn`. */
  begin(take: (chunk: Buffer) => boolean): void {
    this.#take = take;
    this.#socket.resume();
  }

  goOn(): void {
    if (this.#take) this.#socket.resume();
  }

  /** Gives what the pipe still holds: the engine writes no more. */
  end(): void {
    this.#socket.pause();
    // What is read here comes as `data`, too.
    while (this.#socket.read() !== null);
    for (let chunk = this.#readNow(); chunk !== undefined; chunk = this.#readNow()) this.#take?.(chunk);
    this.#take = undefined;
  }

  close(): void {
    this.#socket.destroy();
  }

  #readNow(): Buffer | undefined {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    try {
      return chunk.subarray(0, readSync(this.#fd, chunk));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
      throw error;
    }
  }
}

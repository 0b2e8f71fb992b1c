import type { ServerResponse } from 'node:http';
import { MAX_RESULT_BYTES } from '../analyst/settings.ts';
import { ClickHouseError } from '../http/errors.ts';
import type { Outcome } from '../outcome.ts';
import { contentType } from './formats.ts';
import type { Packer, Packing } from './packing.ts';

/** So much of an answer is held back, so that an error until then has its own status. */
const HELD_BYTES = 4 * 1024 ** 2;

export const COMMON_HEADERS = {
  'X-ClickHouse-Server-Display-Name': 'tillstream',
  'X-ClickHouse-Timezone': 'UTC',
};

/** The answer to one query: small ones are sent whole, large ones while the engine makes them. */
export class Delivery {
  readonly #res: ServerResponse;
  readonly #format: string;
  readonly #packing: Packing | undefined;
  readonly #goOn: () => void;
  #held: Buffer[] = [];
  #bytes = 0;
  #packer: Packer | undefined;
  #streams = false;

  /** @param goOn called when the client has taken what was written */
  constructor(res: ServerResponse, format: string, packing: Packing | undefined, goOn: () => void) {
    this.#res = res;
    this.#format = format;
    this.#packing = packing;
    this.#goOn = goOn;
  }

  /**
   * Takes a piece of the result. False: no more until `goOn`. Throws a ClickHouseError 396 for more than an answer may
   * hold, as it is sent, whatever the engine counts.
   */
  write(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_RESULT_BYTES) {
      const text = `Limit for result exceeded, max bytes: ${MAX_RESULT_BYTES / 1024 ** 2} MiB`;
      throw ClickHouseError.of(396, 'TOO_MANY_ROWS_OR_BYTES', text);
    }
    if (this.#streams) return this.#send(chunk);
    this.#held.push(chunk);
    return this.#bytes <= HELD_BYTES || this.#startStreaming();
  }

  /** Sends the rest, with what is known at the end when nothing was sent before. */
  async finish(outcome: Outcome): Promise<void> {
    if (this.#streams) {
      (this.#packer ?? this.#res).end();
      return;
    }
    let body: Buffer = Buffer.concat(this.#held);
    const packing = body.length > 0 ? this.#packing : undefined;
    if (packing) body = await packing.pack(body);
    this.#res.writeHead(200, {
      ...this.#headers(),
      ...packing?.headers,
      'Content-Length': body.length,
      'X-ClickHouse-Summary': JSON.stringify(summaryOf(outcome)),
    });
    this.#res.end(body);
  }

  #startStreaming(): boolean {
    this.#streams = true;
    if (this.#packing) {
      this.#packer = this.#packing.packer();
      this.#packer.pipe(this.#res);
      this.#res.once('close', () => this.#packer?.destroy());
    }
    this.#res.writeHead(200, { ...this.#headers(), ...this.#packing?.headers });
    (this.#packer ?? this.#res).on('drain', this.#goOn);
    const held = this.#held;
    this.#held = [];
    return held.map((chunk) => this.#send(chunk)).every(Boolean);
  }

  #send(chunk: Buffer): boolean {
    return (this.#packer ?? this.#res).write(chunk);
  }

  #headers() {
    return { ...COMMON_HEADERS, 'Content-Type': contentType(this.#format), 'X-ClickHouse-Format': this.#format };
  }
}

/** The engine does not tell how much it read. */
function summaryOf(outcome: Outcome) {
  return {
    read_rows: '0',
    read_bytes: '0',
    written_rows: String(outcome.writtenRows),
    written_bytes: String(outcome.writtenBytes),
    total_rows_to_read: '0',
    result_rows: String(outcome.writtenRows || outcome.resultRows),
    result_bytes: String(outcome.writtenBytes || outcome.resultBytes),
    elapsed_ns: String(Math.round(outcome.elapsed * 1e9)),
  };
}

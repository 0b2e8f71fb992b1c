import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { z } from 'zod';
import type { OutboxEvent } from '../publishers/publisher.ts';
import { SearchWindow } from './search-window.ts';

export const CLAIM = readFileSync(new URL('claim.sql', import.meta.url), 'utf8');

/** One row goes at once; a backlog goes in sends of this many, or of this many bytes. */
const MOST_ROWS = 4_000;
const MOST_BYTES = 4_000_000;

const claimedRows = z.array(
  z.object({ id: z.string(), key: z.string(), payload: z.string(), age_seconds: z.number() }),
);

export interface ClaimedEvent extends OutboxEvent {
  /** How long it had waited when it was claimed. */
  age_seconds: number;
}

/** What was claimed, and whether more may wait behind it. */
export interface Claim {
  events: ClaimedEvent[];
  isBacklog: boolean;
}

/** Claims rows of the outbox for one relay, over any of its connections. */
export class Claimer {
  readonly #window = new SearchWindow();

  /** Claims the oldest rows in the transaction that is open on the connection: their delete is final when it commits. */
  async claim(client: pg.ClientBase): Promise<Claim> {
    const from = this.#window.next(performance.now());
    const began = performance.now();
    const { rows } = await client.query({ name: 'claim', text: CLAIM, values: [from, MOST_ROWS, MOST_BYTES] });
    const ended = performance.now();
    const events: ClaimedEvent[] = claimedRows.parse(rows);
    // A letter is up to four bytes long: a claim that may have been cut short counts as one that was.
    const letters = events.reduce((sum, { payload }) => sum + payload.length, 0);
    const isBacklog = events.length === MOST_ROWS || letters >= MOST_BYTES / 4;
    const highest = events.reduce((high, { id }) => Math.max(high, Number(id)), 0);
    this.#window.looked({ from, highest, isBacklog, tookMs: ended - began, now: ended });
    return { events, isBacklog };
  }
}

import type pg from 'pg';
import { deliver } from './deliver.ts';
import { type Claim, Claimer } from './outbox/claim.ts';
import { setAside } from './outbox/dead-letters.ts';
import type { Publisher } from './publishers/publisher.ts';
import type { Waker } from './waker.ts';
import type { RelayWatch } from './watch.ts';

/** While one batch is being sent, the one before it is being committed and the one after it claimed. */
const LANES = 3;
/** How long a row may lie there when its notification was lost. */
const POLL_MS = 500;

/** What a session works with. */
export interface SessionParts {
  /** Opens another connection to Postgres; the caller closes them all. */
  connect: () => Promise<pg.ClientBase>;
  publisher: Publisher;
  waker: Waker;
  watch: RelayWatch;
  /** A batch was acknowledged, or none was waiting. */
  onProgress: () => void;
  /** Rows were deleted for good. */
  onDeleted: (rows: number) => void;
}

/**
 * Moves batches until the signal aborts; then what is in hand is finished. Sends are one after another, so that a
 * publisher never has two. Throws when a batch stays where it is: closing the connections gives everything back.
 */
export const runSession = async (parts: SessionParts, signal: AbortSignal): Promise<void> => {
  const { connect, publisher, waker, watch, onProgress, onDeleted } = parts;
  const claimer = new Claimer();
  const lanes: { client: pg.ClientBase; committed: Promise<void> }[] = [];
  let sent: Promise<unknown> = Promise.resolve();

  const send = async ({ events }: Claim, claimedAt: number) => {
    const began = performance.now();
    const refused = await deliver(publisher, events);
    const ended = performance.now();
    const refusedIds = new Set(refused.map(({ event }) => event.id));
    const waited = events
      .filter(({ id }) => !refusedIds.has(id))
      .map(({ age_seconds }) => age_seconds + (ended - claimedAt) / 1000);
    watch.sent(waited, (ended - began) / 1000);
    return refused;
  };

  try {
    for (let turn = 0; !signal.aborted; turn++) {
      const lane = lanes[turn % LANES] ?? { client: await connect(), committed: Promise.resolve() };
      lanes[turn % LANES] = lane;
      await lane.committed;
      await lane.client.query('begin');
      const claim = await claimer.claim(lane.client);
      const claimedAt = performance.now();
      await sent;
      if (claim.events.length === 0) {
        await lane.client.query('commit');
        onProgress();
        await waker.sleep(POLL_MS);
        continue;
      }
      const sending = send(claim, claimedAt);
      sent = sending;
      lane.committed = sending.then(async (refused) => {
        if (refused.length > 0) await setAside(lane.client, refused);
        await lane.client.query('commit');
        if (refused.length > 0) watch.setAside(refused.map(({ event }) => event));
        onProgress();
        onDeleted(claim.events.length);
      });
      // Its failure is thrown where it is waited for, which may be later.
      lane.committed.catch(() => undefined);
      if (!claim.isBacklog) await sent;
    }
    await Promise.all(lanes.map(({ committed }) => committed));
  } finally {
    // The publisher has one send at a time, also when this session has failed and the next one begins.
    await sent.catch(() => undefined);
  }
};

import { z } from 'zod';
import { isWaiting, recordedSale, type Sale } from './sale.ts';
import { type Sent, send } from './send.ts';
import type { Store } from './store.ts';

/** How what waits is sent. */
export interface Sender {
  sale: (sale: Sale) => Promise<Sent<z.output<typeof recordedSale>>>;
  void: (sale: Sale, purchaseId: string) => Promise<Sent<unknown>>;
}

const voided = z.object({ status: z.literal('voided') });

/**
 * Through the dashboard's server.
 *
 * @param current the sign-in of now, for a sale whose own is not known any more or that has none
 */
export const toServer = (current: () => string | undefined): Sender => ({
  sale: async (sale) => {
    const ask = (signIn: string | undefined) =>
      send('/till/purchases', recordedSale, {
        key: sale.key,
        body: sale.body,
        ...(signIn !== undefined && { signIn }),
      });
    const sent = await ask(sale.sign_in ?? current());
    const isOver = sent.kind === 'later' && sent.signedOut && sale.sign_in !== undefined;
    return isOver && current() !== sale.sign_in ? ask(current()) : sent;
  },
  void: (sale, purchaseId) =>
    send(`/till/purchases/${purchaseId}/void`, voided, { body: { reason: sale.void?.reason } }),
});

/** What kept the rest from being sent; undefined when nothing waits any more. */
export type Obstacle = Extract<Sent<unknown>, { kind: 'later' }> | undefined;

/** Sends what waits, one after the other, and settles each. Stops where there is no answer. */
export const sendWaiting = async (store: Store, sender: Sender, settled: () => Promise<void>): Promise<Obstacle> => {
  let obstacle: Obstacle;
  for (const { key } of (await store.sales()).filter(isWaiting)) {
    const later = await settle(store, sender, key);
    await settled();
    if (later === undefined) continue;
    obstacle = later;
    if (!later.onlyThis) break;
  }
  return obstacle;
};

/** Sends a sale that is void first, then its void: its number must not be missing. */
const settle = async (store: Store, sender: Sender, key: string): Promise<Obstacle> => {
  // As it is now: another tab may have sent it meanwhile, or somebody made it void.
  let sale = await store.change(key, (kept) => kept);
  if (sale?.state === 'waiting') {
    const sent = await sender.sale(sale);
    if (sent.kind === 'later') return sent;
    sale = await store.change(key, (kept) => (kept.state === 'waiting' ? withOutcome(kept, sent) : kept));
  }
  if (sale?.state !== 'recorded' || sale.void?.state !== 'waiting' || sale.recorded === undefined) return undefined;
  const sent = await sender.void(sale, sale.recorded.purchase_id);
  if (sent.kind === 'later') return sent;
  await store.change(key, (kept) => {
    if (kept.void === undefined) return kept;
    const { reason } = kept.void;
    return {
      ...kept,
      void: sent.kind === 'done' ? { reason, state: 'done' } : { reason, state: 'refused', refused: sent.reason },
    };
  });
  return undefined;
};

const withOutcome = (sale: Sale, sent: Exclude<Awaited<ReturnType<Sender['sale']>>, { kind: 'later' }>): Sale => {
  const { refused: _, ...rest } = sale;
  return sent.kind === 'done'
    ? { ...rest, state: 'recorded', recorded: sent.body }
    : { ...rest, state: 'refused', refused: sent.reason };
};

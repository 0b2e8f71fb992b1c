import type { PurchaseRequest, PurchaseResponse } from '@tillstream/schemas/api';

/** A sale as the till keeps it until it is settled. */
export interface QueuedSale {
  /** Idempotency key: however often it is sent, it is one purchase. */
  key: string;
  body: PurchaseRequest;
  /** Of the cashier who sold it, where one is signed in. */
  sign_in?: string | undefined;
  /** By the prices the till knew; the receipt has the true total. */
  total_minor: number;
  /** Why the API will never take it; absent while it waits. */
  refused?: string;
}

/** What became of sending a sale. */
export type Sent =
  | { kind: 'recorded'; receipt: PurchaseResponse }
  | { kind: 'refused'; reason: string }
  /** No answer, or one that passes: the same sale is sent again with the same key. */
  | { kind: 'later' };

/** Where sales survive a reload; `localStorage` is one. */
export type SaleStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

/** Each sale stands under a name of its own, so that two tabs never overwrite each other's. */
const PREFIX = 'tillstream.sale.';

/** Whether a sale stands under this name of the storage. */
export const isSale = (name: string): boolean => name.startsWith(PREFIX);

/** The sales that are not settled, in the order in which they were made. */
export const queuedSales = (storage: SaleStorage): QueuedSale[] => {
  const sales: QueuedSale[] = [];
  for (let index = 0; index < storage.length; index++) {
    const name = storage.key(index);
    if (name === null || !isSale(name)) continue;
    try {
      // Written by this module; what cannot be read stays where it is and disturbs nobody.
      sales.push(JSON.parse(storage.getItem(name) ?? '') as QueuedSale);
    } catch {}
  }
  return sales.sort((a, b) => ((a.body.sold_at ?? '') < (b.body.sold_at ?? '') ? -1 : 1));
};

/** Keeps a sale before anything is sent: from here on it survives a reload. Throws when the storage is full. */
export const keepSale = (storage: SaleStorage, sale: QueuedSale): void =>
  storage.setItem(`${PREFIX}${sale.key}`, JSON.stringify(sale));

/** Takes a sale out of the till, once it is recorded or somebody has put a refused one away. */
export const dropSale = (storage: SaleStorage, key: string): void => storage.removeItem(`${PREFIX}${key}`);

/**
 * Sends what waits, one after the other, and settles each; stops at the first that has to wait.
 *
 * @returns whether everything that waited is settled
 */
export const sendQueued = async (
  storage: SaleStorage,
  send: (sale: QueuedSale) => Promise<Sent>,
  settled: (sale: QueuedSale, sent: Exclude<Sent, { kind: 'later' }>) => void,
): Promise<boolean> => {
  for (const sale of queuedSales(storage)) {
    if (sale.refused !== undefined) continue;
    const sent = await send(sale);
    if (sent.kind === 'later') return false;
    // Recorded first, dropped then: a reload in between sends it again, and the API knows the key.
    if (sent.kind === 'recorded') dropSale(storage, sale.key);
    else keepSale(storage, { ...sale, refused: sent.reason });
    settled(sale, sent);
  }
  return true;
};

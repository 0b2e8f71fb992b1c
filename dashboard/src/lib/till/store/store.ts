import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { type HeldBasket, isWaiting, needsAttention, type Sale } from './sale.ts';

interface Schema extends DBSchema {
  /** What the till knows about itself: device, branch, catalog, the last number of each series. */
  facts: { key: string; value: unknown };
  sales: { key: string; value: Sale };
  held: { key: string; value: HeldBasket };
}

/** Settled sales that are kept for printing them again. */
const KEPT = 200;
/** A sale is on the disk before the till says so: it survives a battery that dies. */
const ON_DISK = { durability: 'strict' } as const;

/** The till's memory in the browser. All its tabs share it. */
export class Store {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  /** Throws where the browser keeps nothing, such as in some private windows. */
  static async open(name = 'tillstream-till'): Promise<Store> {
    const db = await openDB<Schema>(name, 1, {
      upgrade: (made) => {
        made.createObjectStore('facts');
        made.createObjectStore('sales', { keyPath: 'key' });
        made.createObjectStore('held', { keyPath: 'id' });
      },
    });
    return new Store(db);
  }

  fact(name: string): Promise<unknown> {
    return this.#db.get('facts', name);
  }

  async setFact(name: string, value: unknown): Promise<void> {
    await this.#db.put('facts', value, name);
  }

  /**
   * Keeps a sale under the next number of a series, in one transaction: numbers have no gap and none is given twice, in however many
   * tabs. The basket that it was goes with it. Throws when the browser cannot keep it; then the number is not used up.
   */
  async sell(series: string, make: (number: number) => Sale, basketId = ''): Promise<Sale> {
    const transaction = this.#db.transaction(['facts', 'sales', 'held'], 'readwrite', ON_DISK);
    const facts = transaction.objectStore('facts');
    const last = await facts.get(`number ${series}`);
    const number = (typeof last === 'number' ? last : 0) + 1;
    const sale = make(number);
    await Promise.all([
      facts.put(number, `number ${series}`),
      transaction.objectStore('sales').add(sale),
      transaction.objectStore('held').delete(basketId),
      transaction.done,
    ]);
    return sale;
  }

  /** All sales that are kept, the oldest first. */
  async sales(): Promise<Sale[]> {
    const sales = await this.#db.getAll('sales');
    return sales.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  /** Changes a sale as it is now. Undefined when it is not kept any more. */
  async change(key: string, change: (sale: Sale) => Sale): Promise<Sale | undefined> {
    const transaction = this.#db.transaction('sales', 'readwrite', ON_DISK);
    const found = await transaction.store.get(key);
    if (found === undefined) return undefined;
    const changed = change(found);
    await Promise.all([transaction.store.put(changed), transaction.done]);
    return changed;
  }

  /** Lets go of settled sales, except the last ones. What waits or was refused stays. */
  async tidy(): Promise<void> {
    const settled = (await this.sales()).filter((sale) => !isWaiting(sale) && !needsAttention(sale));
    for (const { key } of settled.slice(0, Math.max(0, settled.length - KEPT))) await this.#db.delete('sales', key);
  }

  /** Baskets that are held, the oldest first. */
  async held(): Promise<HeldBasket[]> {
    const held = await this.#db.getAll('held');
    return held.sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  async hold(held: HeldBasket): Promise<void> {
    const transaction = this.#db.transaction('held', 'readwrite', ON_DISK);
    await Promise.all([transaction.store.put(held), transaction.done]);
  }

  /** Takes a held basket out: of two tabs one gets it. */
  async take(id: string): Promise<HeldBasket | undefined> {
    const transaction = this.#db.transaction('held', 'readwrite', ON_DISK);
    const [found] = await Promise.all([transaction.store.get(id), transaction.store.delete(id), transaction.done]);
    return found;
  }

  close(): void {
    this.#db.close();
  }
}

const order = ({ body, receipt_number }: Sale): string => `${body.sold_at} ${receipt_number}`;

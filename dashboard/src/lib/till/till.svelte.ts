import './without-eval.ts';
import { branchesResponse, type PurchaseResponse, productsResponse } from '@tillstream/schemas/api';
import { z } from 'zod';
import { dropSale, isSale, keepSale, type QueuedSale, queuedSales, sendQueued } from './queue.ts';
import { sendSale } from './send.ts';
import { Cashier } from './sign-in/cashier.svelte.ts';

const catalog = z.object({ ...productsResponse.shape, ...branchesResponse.shape, server_time: z.string() });
export type Catalog = z.output<typeof catalog>;

/** A line of the till's receipts: recorded with its receipt, or waiting, or refused. */
export interface Receipt {
  sale: QueuedSale;
  recorded?: PurchaseResponse;
  refused?: string;
}

const CATALOG = 'tillstream.till.catalog';
const BRANCH = 'tillstream.till.branch';
const RECEIPTS = 5;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** A till in the browser: its catalog, its sales on their way, its last receipts. */
export class Till {
  catalog = $state.raw<Catalog>();
  branch = $state('');
  receipts = $state.raw<Receipt[]>([]);
  waiting = $state(0);
  /** Whether the catalog could not be read and none is remembered. */
  away = $state(false);
  /** Whether the session is over: sales wait until somebody logs in again. */
  loggedOut = $state(false);
  /** Who stands at it. */
  readonly cashier = new Cashier();
  #clockAhead = 0;
  #sending = false;
  #again = false;
  #retryMs = FIRST_RETRY_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** Takes up what the browser remembers and goes on sending. Returns how to stop. */
  start(): () => void {
    const remembered = catalog.safeParse(parse(localStorage.getItem(CATALOG)));
    if (remembered.success) this.catalog = remembered.data;
    const branch = localStorage.getItem(BRANCH) ?? '';
    this.branch = branch;
    this.receipts = queuedSales(localStorage).map((sale) => ({ sale, refused: sale.refused }));
    this.#count();
    const online = () => this.#now();
    const stored = ({ key }: StorageEvent) => (key === null || isSale(key)) && this.#otherTab();
    addEventListener('online', online);
    addEventListener('storage', stored);
    void this.cashier.follow(branch);
    this.#now();
    return () => {
      this.#stopped = true;
      clearTimeout(this.#retry);
      removeEventListener('online', online);
      removeEventListener('storage', stored);
    };
  }

  chooseBranch(branch: string): void {
    this.branch = branch;
    localStorage.setItem(BRANCH, branch);
    void this.cashier.follow(branch);
  }

  /** Sells: the sale is kept first and sent then. Throws when the browser cannot keep it. */
  sell(products: readonly { product_id: string; unit_price_minor: number }[], customer: string | undefined): void {
    const sale: QueuedSale = {
      key: `till-${newId()}`,
      sign_in: this.cashier.token,
      body: {
        branch_id: this.branch,
        ...(customer === undefined ? {} : { customer_id: customer }),
        items: products.map(({ product_id }) => ({ product_id, quantity: 1 as const })),
        // When it was sold, not when it goes out; on the server's clock, as far as the till knows it.
        sold_at: new Date(Date.now() + this.#clockAhead).toISOString(),
      },
      total_minor: products.reduce((sum, product) => sum + product.unit_price_minor, 0),
    };
    keepSale(localStorage, sale);
    this.#show({ sale });
    this.#count();
    this.#now();
  }

  /** Forgets a refused sale that somebody has read about. */
  putAway(key: string): void {
    dropSale(localStorage, key);
    this.receipts = this.receipts.filter(({ sale }) => sale.key !== key);
  }

  #now(): void {
    clearTimeout(this.#retry);
    this.#retryMs = FIRST_RETRY_MS;
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#sending) {
      this.#again = true;
      return;
    }
    this.#sending = true;
    let settled = false;
    do {
      this.#again = false;
      settled = await sendQueued(localStorage, sendSale, (sale, sent) =>
        this.#show(sent.kind === 'recorded' ? { sale, recorded: sent.receipt } : { sale, refused: sent.reason }),
      );
      this.#count();
    } while (this.#again);
    const hasCatalog = await this.#readCatalog();
    this.#sending = false;
    if (this.#stopped || (settled && hasCatalog && !this.#again)) return;
    this.#retry = setTimeout(() => void this.#work(), this.#retryMs);
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
  }

  async #readCatalog(): Promise<boolean> {
    try {
      const response = await fetch('/till/catalog', { signal: AbortSignal.timeout(10_000) });
      this.loggedOut = response.status === 401;
      const found = catalog.parse(await response.json());
      this.#clockAhead = Date.parse(found.server_time) - Date.now();
      this.catalog = found;
      this.away = false;
      localStorage.setItem(CATALOG, JSON.stringify(found));
      return true;
    } catch {
      this.away = this.catalog === undefined;
      return false;
    }
  }

  #show(receipt: Receipt): void {
    const others = this.receipts.filter(({ sale }) => sale.key !== receipt.sale.key);
    const kept = [receipt, ...others];
    // What is not settled stays in sight, however long the list.
    this.receipts = kept.filter((one, index) => index < RECEIPTS || one.recorded === undefined);
  }

  /** Another tab has sold or settled. What it settled is on its receipts; what it may leave behind goes out from here. */
  #otherTab(): void {
    const queued = new Set(queuedSales(localStorage).map(({ key }) => key));
    this.receipts = this.receipts.filter(({ sale, recorded }) => recorded !== undefined || queued.has(sale.key));
    this.#count();
    if (this.waiting === 0 || this.#sending) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#work(), LONGEST_RETRY_MS);
  }

  #count(): void {
    this.waiting = queuedSales(localStorage).filter(({ refused }) => refused === undefined).length;
  }
}

/** A random UUID, also where the page is not served over HTTPS. */
export const newId = (): string => {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

const parse = (text: string | null): unknown => {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
};

import './without-eval.ts';
import { tillResponse } from '@tillstream/schemas/api';
import { z } from 'zod';
import { type Basket, EMPTY, priced, requestOf } from './basket/basket.ts';
import type { Handed, Payment } from './basket/payment.ts';
import { type Cashier, type Catalog, cashier, catalog, signInState } from './catalog.ts';
import { newId } from './ids.ts';
import { type Obstacle, sendWaiting, toServer } from './store/queue.ts';
import { type HeldBasket, isWaiting, needsAttention, type Sale } from './store/sale.ts';
import { send } from './store/send.ts';
import { Store } from './store/store.ts';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** A till that nothing waits in still asks for the catalog: prices change, and so it knows whether it is online. */
const REFRESH_MS = 30_000;
const TAB = 'tillstream.till.tab';
/** Tells the other tabs of this till that its memory changed. */
const CHANNEL = 'tillstream-till';
/** One tab sends at a time, where the browser can say so; the idempotency keys hold where it cannot. */
const SENDING = 'tillstream-till-sending';

/** A till in the browser: its catalog, its basket, its sales on their way. */
export class Till {
  catalog = $state.raw<Catalog>();
  branch = $state('');
  /** Of this device in the branch; undefined until the server has given it. */
  number = $state<number>();
  cashier = $state.raw<Cashier>();
  /** Who may sign in by PIN; none: the cashier's name is typed. */
  names = $state.raw<readonly string[]>([]);
  /** All that are kept, the newest first. */
  sales = $state.raw<readonly Sale[]>([]);
  /** Those of other tabs included. */
  held = $state.raw<readonly HeldBasket[]>([]);
  /** Whether the memory was read; nothing can be sold before. */
  ready = $state(false);
  /** Why the browser keeps nothing. */
  broken = $state(false);
  /** Whether the server answered the last time that it was asked. */
  online = $state(true);
  /** Whether the session is over: sales wait until somebody logs in again. */
  loggedOut = $state(false);
  /** What keeps sales from being sent although the server answers. */
  obstacle = $state<string>();
  /** The sign-in of the cashier is over. */
  signedOut = $state(false);

  #basket = $state.raw<Basket>(EMPTY);
  #store: Store | undefined;
  #channel: BroadcastChannel | undefined;
  #tab = '';
  #clockAhead = 0;
  #working = false;
  #again = false;
  #retryMs = FIRST_RETRY_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  get basket(): Basket {
    return this.#basket;
  }

  /** Every change is kept: it survives a reload. */
  set basket(basket: Basket) {
    this.#basket = basket;
    void this.#keepBasket();
  }

  get waiting(): number {
    return this.sales.filter(isWaiting).length;
  }

  get attention(): readonly Sale[] {
    return this.sales.filter(needsAttention);
  }

  /** Baskets that can be taken up: not the one that this tab has open. */
  get others(): readonly HeldBasket[] {
    return this.held.filter(({ id }) => id !== this.#tab);
  }

  /** Takes up what the browser remembers and goes on sending. Returns how to stop. */
  start(): () => void {
    const online = () => this.#now();
    addEventListener('online', online);
    void this.#open();
    return () => {
      this.#stopped = true;
      clearTimeout(this.#retry);
      removeEventListener('online', online);
      this.#channel?.close();
      this.#store?.close();
    };
  }

  async #open(): Promise<void> {
    try {
      const store = await Store.open();
      this.#store = store;
      const remembered = catalog.safeParse(await store.fact('catalog'));
      if (remembered.success) this.catalog = remembered.data;
      this.#clockAhead = z
        .number()
        .catch(0)
        .parse(await store.fact('clock ahead'));
      this.branch = z
        .string()
        .catch('')
        .parse(await store.fact('branch'));
      this.cashier = cashier
        .optional()
        .catch(undefined)
        .parse(await store.fact('cashier'));
      this.names = z
        .array(z.string())
        .catch([])
        .parse(await store.fact('names'));
      await this.#readNumber();
      await this.#openBasket(store);
      await this.#reload();
      await store.tidy();
    } catch {
      this.broken = true;
      return;
    }
    // Asks the browser not to clear it when space is short.
    void navigator.storage?.persist?.().catch(() => false);
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.onmessage = () => void this.#otherTab();
    this.ready = true;
    this.#now();
  }

  /** The basket of this tab. One that is of a tab that is gone stands among the held ones. */
  async #openBasket(store: Store): Promise<void> {
    this.#tab = sessionStorage.getItem(TAB) ?? newId();
    sessionStorage.setItem(TAB, this.#tab);
    const own = (await store.held()).find(({ id }) => id === this.#tab);
    if (own !== undefined) this.#basket = own.basket;
  }

  async #readNumber(): Promise<void> {
    const known = z.number().safeParse(await this.#store?.fact(`till ${this.branch}`));
    this.number = known.success ? known.data : undefined;
  }

  async chooseBranch(branch: string): Promise<void> {
    this.branch = branch;
    await this.#store?.setFact('branch', branch);
    await this.signOut();
    this.names = [];
    await this.#readNumber();
    this.#now();
  }

  /** The name of who sells, where nobody signs in; empty: nobody. */
  async nameCashier(name: string): Promise<void> {
    this.cashier = name === '' ? undefined : { name };
    await this.#store?.setFact('cashier', this.cashier);
  }

  /** Signs a cashier in by PIN. Answers why not, if so. */
  async signIn(name: string, pin: string): Promise<{ refused: string } | undefined> {
    const sent = await send('/till/sign-in', z.object({ sign_in: z.string(), name: z.string() }), {
      body: { branch_id: this.branch, name, pin },
    });
    if (sent.kind !== 'done') return { refused: sent.reason ?? '' };
    this.cashier = sent.body;
    this.signedOut = false;
    await this.#store?.setFact('cashier', sent.body);
    this.#now();
    return undefined;
  }

  /** Signs out. What was sold under this sign-in keeps it. */
  async signOut(): Promise<void> {
    const signIn = this.cashier?.sign_in;
    this.cashier = undefined;
    await this.#store?.setFact('cashier', undefined);
    if (signIn !== undefined) await send('/till/sign-in', z.unknown(), { method: 'DELETE', signIn });
  }

  /** Sells what is in the basket: the sale is kept first and sent then. Throws when the browser cannot keep it. */
  async sell(handed: readonly Handed[], { change_minor, tenders }: Payment): Promise<Sale> {
    const { branch, number } = this;
    if (this.#store === undefined || number === undefined) throw new Error('the till has no number yet');
    const basket = $state.snapshot(this.#basket) as Basket;
    const { lines, discount_minor, total_minor } = priced(basket);
    const { name, sign_in } = this.cashier ?? {};
    const key = `till-${newId()}`;
    // When it was sold, not when it goes out; on the server's clock, as far as the till knows it.
    const sold_at = new Date(Date.now() + this.#clockAhead).toISOString();
    const sale = await this.#store.sell(
      `${branch}-${number}`,
      (count) => {
        const receipt_number = `${branch}-${number}-${String(count).padStart(6, '0')}`;
        const told = { branch_id: branch, receipt_number, sold_at, cashier: name, tenders };
        return {
          key,
          receipt_number,
          // An amount of nothing was paid in no way.
          body: JSON.parse(
            JSON.stringify(requestOf(basket, { ...told, tenders: total_minor > 0 ? tenders : undefined })),
          ),
          basket,
          printed: {
            branch: this.catalog?.branches.find(({ branch_id }) => branch_id === branch)?.name ?? branch,
            lines: lines.map(({ line, discount_minor: off, total_minor: total }) => ({
              name: line.product.name,
              unit: line.product.unit,
              quantity: line.quantity,
              unit_price_minor: line.unit_price_minor,
              discount_minor: off,
              total_minor: total,
            })),
            discount_minor,
            total_minor,
            handed: [...handed],
            change_minor,
          },
          ...(sign_in !== undefined && { sign_in }),
          state: 'waiting',
        };
      },
      this.#tab,
    );
    this.#basket = EMPTY;
    await this.#changed();
    this.#now();
    return sale;
  }

  /** Takes a sale back. One that was not sent yet is sent first. */
  async void(sale: Sale, reason: string): Promise<void> {
    // The API keeps a reason and no cashier of a void.
    const told = this.cashier === undefined ? reason : `${reason} (${this.cashier.name})`;
    await this.#change(sale.key, (kept) => ({ ...kept, void: { reason: told, state: 'waiting' } }));
    this.#now();
  }

  /** Sends a refused sale, or its refused void, once more. */
  async tryAgain(sale: Sale): Promise<void> {
    await this.#change(sale.key, (kept) =>
      kept.state === 'refused'
        ? { ...kept, state: 'waiting' }
        : { ...kept, ...(kept.void && { void: { reason: kept.void.reason, state: 'waiting' } }) },
    );
    this.#now();
  }

  /** Somebody has dealt with a refused sale or void, as the note says. The sale stays among the last ones. */
  async close(sale: Sale, note: string): Promise<void> {
    await this.#change(sale.key, (kept) => {
      if (kept.state === 'refused') return { ...kept, state: 'closed', note };
      const { void: _, ...rest } = kept;
      return { ...rest, note };
    });
  }

  /** Puts the basket aside under a name. */
  async hold(name: string): Promise<void> {
    await this.#store?.hold({
      id: newId(),
      at: new Date().toISOString(),
      name,
      basket: $state.snapshot(this.#basket) as Basket,
    });
    this.basket = EMPTY;
    await this.#changed();
  }

  /** Takes up a held basket; the present one, if there is any, is held instead. */
  async resume({ id }: HeldBasket, nameOfPresent: string): Promise<void> {
    if (this.#basket.lines.length > 0) await this.hold(nameOfPresent);
    const taken = await this.#store?.take(id);
    if (taken !== undefined) this.basket = taken.basket;
    await this.#changed();
  }

  async discard({ id }: HeldBasket): Promise<void> {
    await this.#store?.take(id);
    await this.#changed();
  }

  async #keepBasket(): Promise<void> {
    const basket = $state.snapshot(this.#basket) as Basket;
    if (basket.lines.length === 0 && basket.customer === '') await this.#store?.take(this.#tab);
    else await this.#store?.hold({ id: this.#tab, at: new Date().toISOString(), name: '', basket });
  }

  async #change(key: string, change: (sale: Sale) => Sale): Promise<void> {
    await this.#store?.change(key, change);
    await this.#changed();
  }

  async #changed(): Promise<void> {
    this.#channel?.postMessage('changed');
    await this.#reload();
  }

  async #reload(): Promise<void> {
    if (this.#store === undefined) return;
    this.sales = (await this.#store.sales()).reverse();
    this.held = await this.#store.held();
  }

  /** Another tab has sold or settled. What it may leave behind goes out from here. */
  async #otherTab(): Promise<void> {
    await this.#reload();
    if (this.waiting === 0 || this.#working) return;
    this.#later(LONGEST_RETRY_MS);
  }

  #now(): void {
    this.#retryMs = FIRST_RETRY_MS;
    void this.#work();
  }

  #later(milliseconds: number): void {
    clearTimeout(this.#retry);
    if (!this.#stopped) this.#retry = setTimeout(() => void this.#work(), milliseconds);
  }

  async #work(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#working) {
      this.#again = true;
      return;
    }
    this.#working = true;
    let obstacle: Obstacle;
    do {
      this.#again = false;
      obstacle = await this.#send();
    } while (this.#again);
    // A session that is over is told by the catalog, too.
    const answered = await this.#readCatalog();
    if (answered) await this.#introduce();
    this.online = answered;
    this.obstacle = obstacle?.reason;
    this.signedOut = obstacle?.signedOut ?? this.signedOut;
    this.#working = false;
    if (this.#stopped) return;
    if (this.#again) return void this.#work();
    const isSettled = obstacle === undefined && answered && (this.branch === '' || this.number !== undefined);
    this.#later(isSettled ? REFRESH_MS : this.#retryMs);
    this.#retryMs = isSettled ? FIRST_RETRY_MS : Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
  }

  async #send(): Promise<Obstacle> {
    const store = this.#store;
    if (store === undefined) return undefined;
    const work = () =>
      sendWaiting(
        store,
        toServer(() => this.cashier?.sign_in),
        () => this.#changed(),
      );
    return navigator.locks === undefined ? work() : navigator.locks.request(SENDING, work);
  }

  async #readCatalog(): Promise<boolean> {
    const asked = Date.now();
    const sent = await send('/till/catalog', catalog);
    // The server looked at its clock somewhere in between.
    const between = (asked + Date.now()) / 2;
    this.loggedOut = sent.kind === 'later' && sent.loggedOut === true;
    if (sent.kind !== 'done') return false;
    this.#clockAhead = Math.round(Date.parse(sent.body.server_time) - between);
    this.catalog = sent.body;
    await this.#store?.setFact('catalog', sent.body);
    await this.#store?.setFact('clock ahead', this.#clockAhead);
    return true;
  }

  /** Gets the number of this device in the branch, and who may sign in there. */
  async #introduce(): Promise<void> {
    const { branch } = this;
    if (branch === '' || this.#store === undefined) return;
    if (this.number === undefined) {
      const device = z.string().safeParse(await this.#store.fact('device')).data ?? newId();
      await this.#store.setFact('device', device);
      const sent = await send(`/till/branches/${encodeURIComponent(branch)}/tills`, tillResponse, { body: { device } });
      if (sent.kind === 'done') {
        await this.#store.setFact(`till ${branch}`, sent.body.till_number);
        if (this.branch === branch) this.number = sent.body.till_number;
      }
    }
    const signIn = this.cashier?.sign_in;
    const state = await send(`/till/sign-in?branch=${encodeURIComponent(branch)}`, signInState, {
      ...(signIn !== undefined && { signIn }),
    });
    if (state.kind !== 'done' || this.branch !== branch) return;
    this.names = state.body.names;
    await this.#store.setFact('names', state.body.names);
    if (signIn === this.cashier?.sign_in) {
      this.signedOut = this.names.length > 0 && state.body.signed_in === null;
      if (this.signedOut && this.cashier !== undefined) await this.nameCashier('');
    }
  }
}

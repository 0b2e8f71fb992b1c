import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { PurchaseEvent } from '@tillstream/schemas/events';
import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { z } from 'zod';
import type { Sale } from './model.ts';

export const THRESHOLD = 3;
export const BRANCHES = ['SMKT001', 'SMKT002'] as const;
const PRODUCTS = ['bread', 'eggs', 'milk', 'orange-juice'];

/** What a till sends, drawn by fast-check as small numbers so that it shrinks well. */
export interface Basket {
  branch: number;
  /** Minutes after {@link WORLD_BEGINS}. */
  minute: number;
  /** Milliseconds within the minute. */
  ms: number;
  /** 0: no card. */
  customer: number;
  products: number[];
  price: number;
}

/** Four weeks around the night in which the clocks of Europe were put back in 2025, and around the end of a month. */
export const WORLD_BEGINS = Date.UTC(2025, 9, 13);
export const WORLD_MINUTES = 28 * 24 * 60;

/** A message as the broker keeps it. */
interface Message {
  event: PurchaseEvent;
  offset: number;
}

/** How everything comes a second time. */
export const REPLAYS = ['in any order', 'by another consumer group', 'produced again'] as const;

/** Where a branch may be said to be. */
export const COUNTRIES = ['', 'Austria', 'Germany'] as const;

/** Takes away all that a world before has left in bronze and silver. */
export const emptyWorld = async (clickhouse: ClickHouse): Promise<void> => {
  const silver = ['purchases', 'customers', 'customer_branches', 'customer_milestones', 'branches'];
  for (const table of ['bronze.events', ...silver.map((table) => `silver.${table}`)])
    await clickhouse.command(`TRUNCATE TABLE ${table}`);
};

/**
 * A shop chain in small: a ledger that numbers customers and versions as Postgres does, a log of the messages it sent,
 * and the messages that ClickHouse has not acknowledged.
 */
export class World {
  readonly #clickhouse: ClickHouse;
  readonly #sales: Sale[] = [];
  readonly #log: PurchaseEvent[] = [];
  #waiting: PurchaseEvent[] = [];
  /** What the broker keeps, in its order; events stand there once for each time that they were produced. */
  readonly #topic: Message[] = [];
  readonly #countries = new Map<string, string>();
  #revision = 0;
  /** What ClickHouse is known to hold: the version of each purchase, the revision of each customer. */
  #arrived = new Map<string, number>();
  #customers = new Map<string, Map<number, number>>();

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  sell({ branch, minute, ms, customer, products, price }: Basket): void {
    const sale: Sale = {
      id: `00000000-0000-4000-8000-${String(this.#sales.length).padStart(12, '0')}`,
      branch: BRANCHES[branch % BRANCHES.length] ?? BRANCHES[0],
      soldAt: WORLD_BEGINS + minute * 60_000 + ms,
      customer,
      items: [...new Set(products)].map((index) => ({
        product: PRODUCTS[index % PRODUCTS.length] ?? 'milk',
        quantity: 1 + (index % 2),
        price,
      })),
      voided: false,
    };
    this.#sales.push(sale);
    this.#tell(sale, 1);
  }

  /** Voids the sale with this index, if there is one that is not void. */
  void(index: number): void {
    const sale = this.#sales[index % Math.max(1, this.#sales.length)];
    if (sale === undefined || sale.voided) return;
    sale.voided = true;
    this.#tell(sale, 2);
  }

  #tell(sale: Sale, version: number): void {
    this.#revision += 1;
    const event = eventOf(sale, version, this.#sales, this.#revision);
    this.#log.push(event);
    this.#waiting.push(event);
  }

  /** The sales as far as ClickHouse has been told of them: a void on its way has not happened yet. */
  arrived(): Sale[] {
    return this.#sales.flatMap((sale) => {
      const version = this.#arrived.get(sale.id);
      return version === undefined ? [] : [{ ...sale, voided: version > 1 }];
    });
  }

  /** Loyal customers by the newest snapshot of each that has arrived (`''`: of the chain). */
  loyalArrived(branch: string | undefined, to: number): number {
    const newest = this.#customers.get(branch ?? '') ?? new Map<number, number>();
    let loyal = 0;
    for (const [number, revision] of newest) {
      const snapshot = this.#log
        .map(({ data }) => data.customer)
        .find((given) => given?.revision === revision && given.number === number);
      const since = branch === undefined ? snapshot?.loyal_since : snapshot?.branch.loyal_since;
      if (since && Date.parse(since) < to) loyal += 1;
    }
    return loyal;
  }

  /** Sends what waits, but for the first `held`: in an order of `seed`, some of it twice, in as many inserts as `blocks`. */
  async deliver(seed: number, blocks: number, held = 0): Promise<void> {
    const waiting = this.#waiting.slice(held);
    const events = shuffled([...waiting, ...waiting.filter((_, index) => (index + seed) % 3 === 0)], seed);
    await this.#send(this.#produced(events), blocks);
    this.#waiting = this.#waiting.slice(0, held);
  }

  /** Sends everything that was ever sent once more, what waits included where the order does not matter. */
  async replay(how: (typeof REPLAYS)[number], seed: number, blocks: number): Promise<void> {
    if (how === 'in any order') {
      await this.#send(this.#produced(shuffled(this.#log, seed)), blocks);
      this.#waiting = [];
    } else if (how === 'by another consumer group') await this.#send(this.#topic, blocks);
    else await this.#send(this.#produced([...new Set(this.#topic.map(({ event }) => event))]), blocks);
  }

  /** Says that a branch is in a country from now on. */
  async move(branch: number, country: number): Promise<void> {
    const [branch_id, to] = [
      BRANCHES[branch % BRANCHES.length] ?? BRANCHES[0],
      COUNTRIES[country % COUNTRIES.length] ?? '',
    ];
    this.#countries.set(branch_id, to);
    this.#revision += 1;
    const event = {
      specversion: '1.0',
      id: `${branch_id}/${this.#revision}`,
      source: '/pos-api',
      subject: branch_id,
      time: new Date(WORLD_BEGINS).toISOString(),
      datacontenttype: 'application/json',
      type: 'pos.branch.changed.v1',
      data: { branch_id, revision: this.#revision, name: branch_id, country: to },
    };
    await this.#clickhouse.insert('bronze.inbox', [
      {
        payload: JSON.stringify(event),
        topic: PURCHASES_TOPIC,
        partition: 1,
        offset: this.#revision,
        key: branch_id,
        produced_at: event.time,
      },
    ]);
  }

  /** The country that a branch is in; empty where nobody has said. */
  countryOf(branch: string): string {
    return this.#countries.get(branch) ?? '';
  }

  /** Rows come into silver a second time, as through two doors at once. */
  async slipThrough(seed: number): Promise<void> {
    await this.#clickhouse.command(
      `INSERT INTO silver.purchases SELECT * FROM silver.purchases WHERE cityHash64(purchase_id, ${seed}) % 2 = 0`,
    );
  }

  /** Sends what waits while something between bronze and silver fails; then looks what came through all the same. */
  async deliverInVain(where: (typeof SABOTAGES)[number]): Promise<void> {
    if (this.#waiting.length === 0) return;
    await this.#clickhouse.command(
      `CREATE MATERIALIZED VIEW ${where} TO silver.sink AS SELECT throwIf(length(payload) > 0, 'sabotage') AS x FROM bronze.events`,
    );
    let failed = false;
    try {
      await this.#clickhouse.insert('bronze.inbox', rowsOf(this.#produced(this.#waiting)));
    } catch {
      failed = true;
    } finally {
      await this.#clickhouse.command(`DROP VIEW ${where}`);
    }
    if (!failed) throw new Error('the sabotaged insert did not fail');
    await this.look();
  }

  #produced(events: readonly PurchaseEvent[]): Message[] {
    const messages = events.map((event, index) => ({ event, offset: this.#topic.length + index }));
    this.#topic.push(...messages);
    return messages;
  }

  async #send(messages: readonly Message[], blocks: number): Promise<void> {
    const size = Math.max(1, Math.ceil(messages.length / blocks));
    for (let start = 0; start < messages.length; start += size) {
      const block = messages.slice(start, start + size);
      await this.#clickhouse.insert('bronze.inbox', rowsOf(block));
      for (const {
        event: { data },
      } of block)
        this.#note(data.purchase_id, data.version, data.branch_id, data.customer);
    }
  }

  #note(id: string, version: number, branch: string, customer: PurchaseEvent['data']['customer']): void {
    this.#arrived.set(id, Math.max(version, this.#arrived.get(id) ?? 0));
    if (customer === null) return;
    for (const place of ['', branch]) {
      const newest = this.#customers.get(place) ?? new Map<number, number>();
      newest.set(customer.number, Math.max(customer.revision, newest.get(customer.number) ?? 0));
      this.#customers.set(place, newest);
    }
  }

  /** After an insert that failed nobody knows what it left behind, and a rebuild brings it in: ask silver, by the plainest road. */
  async look(): Promise<void> {
    const rows = await this.#clickhouse.rows({
      name: 'arrived',
      sql: `SELECT toString(purchase_id) AS id, toUInt32(intDiv(max(version), 65536)) AS version FROM silver.purchases GROUP BY id`,
      row: z.object({ id: z.string(), version: z.int() }),
    });
    this.#arrived = new Map(rows.map(({ id, version }) => [id, version]));
    const customers = await this.#clickhouse.rows({
      name: 'arrived_customers',
      sql: `SELECT '' AS branch, number, max(revision) AS revision FROM silver.customers GROUP BY number
            UNION ALL SELECT branch_id AS branch, number, max(revision) AS revision FROM silver.customer_branches GROUP BY branch, number`,
      row: z.object({ branch: z.string(), number: z.int(), revision: z.int() }),
    });
    this.#customers = new Map();
    for (const { branch, number, revision } of customers) {
      const newest = this.#customers.get(branch) ?? new Map<number, number>();
      newest.set(number, revision);
      this.#customers.set(branch, newest);
    }
  }
}

/** Names of views that fail, by where they stand among those that feed silver: before, between and after them. */
export const SABOTAGES = ['bronze.aaa_sabotage', 'silver.pu_sabotage', 'silver.zzz_sabotage'] as const;

const rowsOf = (messages: readonly Message[]) =>
  messages.map(({ event, offset }) => ({
    payload: JSON.stringify(event),
    topic: PURCHASES_TOPIC,
    partition: 0,
    offset,
    key: event.subject,
    produced_at: event.time,
  }));

/** When the sale with this index was recorded: after all the world's sales, two in the same moment. */
const recordedAt = (index: number): number => WORLD_BEGINS + WORLD_MINUTES * 60_000 + Math.floor(index / 2) * 1_000;

const eventOf = (sale: Sale, version: number, sales: readonly Sale[], revision: number): PurchaseEvent => {
  const ofCustomer = sales.filter((other) => other.customer === sale.customer);
  const mine = ofCustomer.filter((other) => !other.voided);
  // A sale was not there before it was recorded, and was before it was voided.
  const before = ofCustomer.filter((other) => (other === sale ? version > 1 : !other.voided));
  const inBranch = (some: readonly Sale[]) => some.filter((other) => other.branch === sale.branch);
  return {
    specversion: '1.0',
    id: `${sale.id}/${version}`,
    source: '/pos-api',
    subject: sale.id,
    time: new Date(WORLD_BEGINS).toISOString(),
    datacontenttype: 'application/json',
    type: version === 1 ? 'pos.purchase.recorded.v1' : 'pos.purchase.voided.v1',
    data: {
      purchase_id: sale.id,
      version,
      status: version === 1 ? 'recorded' : 'voided',
      branch_id: sale.branch,
      sold_at: new Date(sale.soldAt).toISOString(),
      recorded_at: new Date(recordedAt(sales.indexOf(sale))).toISOString(),
      currency: 'EUR',
      total_minor: sale.items.reduce((sum, item) => sum + item.quantity * item.price, 0),
      items: sale.items.map(({ product, quantity, price }) => ({
        product_id: product,
        quantity,
        unit_price_minor: price,
      })),
      customer:
        sale.customer === 0
          ? null
          : {
              customer_id: `00000000-0000-4000-9000-${String(sale.customer).padStart(12, '0')}`,
              number: sale.customer,
              ...snapshot(mine, before, revision),
              branch: snapshot(inBranch(mine), inBranch(before), revision),
            },
    },
  };
};

const snapshot = (mine: readonly Sale[], before: readonly Sale[], revision: number) => {
  const inOrder = (some: readonly Sale[]) => some.map((sale) => sale.soldAt).sort((a, b) => a - b);
  const [moments, momentsBefore] = [inOrder(mine), inOrder(before)];
  const iso = (moment: number | undefined) => (moment === undefined ? null : new Date(moment).toISOString());
  return {
    purchases: mine.length,
    spent_minor: mine.reduce((sum, sale) => sum + sale.items.reduce((s, item) => s + item.quantity * item.price, 0), 0),
    loyal_since: iso(moments[THRESHOLD - 1]),
    first_sold_at: iso(moments[0]),
    last_sold_at: iso(moments.at(-1)),
    first_sold_before: iso(momentsBefore[0]),
    loyal_before: iso(momentsBefore[THRESHOLD - 1]),
    revision,
  };
};

/** The same order for the same seed. */
const shuffled = <Item>(items: readonly Item[], seed: number): Item[] => {
  let state = seed * 2_654_435_761 + 1;
  return items
    .map((item) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return { item, at: state };
    })
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
};

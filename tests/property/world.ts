import type { ClickHouse } from '@tillstream/clickhouse/client';
import { PURCHASES_TOPIC } from '@tillstream/schemas/kafka/topics';
import { z } from 'zod';
import type { Sale } from './model.ts';

export const THRESHOLD = 3;
export const BRANCHES = ['SMKT001', 'SMKT002'] as const;
const PRODUCTS = ['bread', 'eggs', 'milk', 'orange-juice'];
/** Of each product in a basket: pieces, and of the last one a weight. */
const QUANTITIES = [1, 2, 1, 0.735];

/** What a till sends, drawn by fast-check as small numbers so that it shrinks well. */
export interface Basket {
  branch: number;
  /** Minutes after {@link WORLD_BEGINS}. */
  minute: number;
  /** Milliseconds within the minute. */
  ms: number;
  /** 0: no card. */
  customer: number;
  /** One may stand on several lines. */
  products: number[];
  price: number;
  /** Of the receipt, in minor units; at most its gross. */
  discount?: number;
  /** Places in {@link CASHIERS}, {@link CHANNELS} and {@link TENDERS}; absent: the first. */
  cashier?: number;
  channel?: number;
  tenders?: number;
}

const CASHIERS = ['', 'Ana', "Bo's"] as const;
const CHANNELS = ['pos', 'web'] as const;
/** By which a purchase is paid: none that the till tells of, one, two, and one twice; the last of them takes all but a cent of each other. */
const TENDERS = [[], ['card'], ['card', 'cash'], ['voucher', 'voucher', '=1']] as const;
const CATEGORIES = ['', 'Fresh', 'Dry'] as const;

/** A basket at the till, with what came back of it. */
interface Sold {
  id: string;
  branch: string;
  soldAt: number;
  customer: number;
  /** `left`: what has not come back yet. */
  lines: { product: string; quantity: number; price: number; net: number; left: number }[];
  gross: number;
  cashier: string;
  channel: string;
  tenders: { type: string; amount: number }[];
  /** The version of the event that voided it. */
  voidedBy?: number;
  /** With the version of the event that first told each. */
  returns: {
    id: string;
    by: number;
    branch: string;
    at: number;
    cashier: string;
    lines: { product: string; quantity: number; net: number }[];
  }[];
  version: number;
}

/** Four weeks around the night in which the clocks of Europe were put back in 2025, and around the end of a month. */
export const WORLD_BEGINS = Date.UTC(2025, 9, 13);
export const WORLD_MINUTES = 28 * 24 * 60;

/** A message as the broker keeps it. */
interface Message {
  event: Event;
  offset: number;
}

/** How everything comes a second time. */
export const REPLAYS = ['in any order', 'by another consumer group', 'produced again'] as const;

/** Where a branch may be said to be. */
export const COUNTRIES = ['', 'Austria', 'Germany'] as const;

/** Takes away all that a world before has left in bronze and silver. */
export const emptyWorld = async (clickhouse: ClickHouse): Promise<void> => {
  const silver = ['purchases', 'customers', 'customer_branches', 'customer_milestones', 'products', 'branches'];
  for (const table of ['bronze.events', ...silver.map((table) => `silver.${table}`)])
    await clickhouse.command(`TRUNCATE TABLE ${table}`);
};

/**
 * A shop chain in small: a ledger that numbers customers and versions as Postgres does, a log of the messages it sent,
 * and the messages that ClickHouse has not acknowledged.
 */
export class World {
  readonly #clickhouse: ClickHouse;
  readonly #sales: Sold[] = [];
  readonly #log: Event[] = [];
  #waiting: Event[] = [];
  /** What the broker keeps, in its order; events stand there once for each time that they were produced. */
  readonly #topic: Message[] = [];
  readonly #countries = new Map<string, string>();
  readonly #categories = new Map<string, string>();
  #revision = 0;
  /** What ClickHouse is known to hold: the version of each purchase, the revision of each customer. */
  #arrived = new Map<string, number>();
  #customers = new Map<string, Map<number, number>>();

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  sell({ branch, minute, ms, customer, products, price, discount = 0, ...told }: Basket): void {
    const lines = products.map((index) => {
      const quantity = QUANTITIES[index % PRODUCTS.length] ?? 1;
      const net = Math.floor(quantity * price + 0.5);
      return { product: PRODUCTS[index % PRODUCTS.length] ?? 'milk', quantity, price, net, left: net };
    });
    const gross = lines.reduce((sum, { net }) => sum + net, 0);
    let rest = Math.min(discount, gross);
    for (const line of lines) {
      const share = Math.min(rest, line.net);
      rest -= share;
      line.net -= share;
      line.left = line.net;
    }
    const types = TENDERS[(told.tenders ?? 0) % TENDERS.length] ?? [];
    const total = netOf(lines);
    const sale: Sold = {
      id: idOf('8000', this.#sales.length),
      branch: BRANCHES[branch % BRANCHES.length] ?? BRANCHES[0],
      soldAt: WORLD_BEGINS + minute * 60_000 + ms,
      customer,
      lines,
      gross,
      cashier: CASHIERS[(told.cashier ?? 0) % CASHIERS.length] ?? '',
      channel: CHANNELS[(told.channel ?? 0) % CHANNELS.length] ?? 'pos',
      tenders: types.map((type, nth) => ({ type, amount: nth < types.length - 1 ? 1 : total - types.length + 1 })),
      returns: [],
      version: 0,
    };
    this.#sales.push(sale);
    this.#tell(sale);
  }

  /** Voids the sale with this index, if there is one that is not void and of which nothing came back. */
  void(index: number): void {
    const sale = this.#sales[index % Math.max(1, this.#sales.length)];
    if (sale === undefined || sale.voidedBy !== undefined || sale.returns.length > 0) return;
    sale.voidedBy = sale.version + 1;
    this.#tell(sale);
  }

  /** Takes back one line of the sale with this index, half of its money or all that is left, if it is not void. */
  takeBack({
    index,
    line,
    half,
    branch,
    minute,
    cashier = 0,
  }: {
    index: number;
    line: number;
    half: boolean;
    branch: number;
    minute: number;
    cashier?: number;
  }): void {
    const sale = this.#sales[index % Math.max(1, this.#sales.length)];
    const taken = sale?.lines[line % sale.lines.length];
    if (sale === undefined || taken === undefined || sale.voidedBy !== undefined) return;
    const net = half ? Math.floor(taken.left / 2) : taken.left;
    taken.left -= net;
    sale.returns.push({
      id: idOf('a000', this.#revision + 1),
      by: sale.version + 1,
      branch: BRANCHES[branch % BRANCHES.length] ?? BRANCHES[0],
      at: WORLD_BEGINS + minute * 60_000,
      cashier: CASHIERS[cashier % CASHIERS.length] ?? '',
      lines: [{ product: taken.product, quantity: half ? taken.quantity / 2 : taken.quantity, net }],
    });
    this.#tell(sale);
  }

  #tell(sale: Sold): void {
    sale.version += 1;
    this.#revision += 1;
    const event = eventOf(sale, this.#sales, this.#revision);
    this.#log.push(event);
    this.#waiting.push(event);
  }

  /** Sales and returns as far as ClickHouse has been told of them: a void on its way has not happened yet. */
  arrived(): Sale[] {
    return this.#sales.flatMap((sale) => {
      const version = this.#arrived.get(sale.id);
      if (version === undefined) return [];
      const { id, branch, soldAt, customer, lines, gross, cashier, channel, tenders, voidedBy, returns } = sale;
      return [
        {
          kind: 'sale' as const,
          id,
          branch,
          soldAt,
          customer,
          items: lines,
          gross,
          voided: (voidedBy ?? Number.POSITIVE_INFINITY) <= version,
          ...{ cashier, channel, tenders },
        },
        ...returns
          .filter(({ by }) => by <= version)
          .map((given) => ({
            kind: 'return' as const,
            id: given.id,
            branch: given.branch,
            soldAt: given.at,
            customer,
            items: given.lines.map(({ product, net }) => ({ product, quantity: 0, net: -net })),
            gross: 0,
            voided: false,
            ...{ cashier: given.cashier, channel, tenders: [] },
          })),
      ];
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

  /** Says of which category a product is from now on. */
  async categorize(product: number, category: number): Promise<void> {
    const product_id = PRODUCTS[product % PRODUCTS.length] ?? 'milk';
    const of = CATEGORIES[category % CATEGORIES.length] ?? '';
    this.#categories.set(product_id, of);
    await this.#tellCatalog(product_id, 'pos.product.changed.v1', (revision) => ({
      ...{ product_id, name: product_id, category: of, unit: 'piece', sku: null, unit_price_minor: 99 },
      ...{ open_price: false, currency: 'EUR', active: true, revision },
    }));
  }

  /** What the catalog says now; empty where it does not know the product. */
  categoryOf(product: string): string {
    return this.#categories.get(product) ?? '';
  }

  /** Says that a branch is in a country from now on. */
  async move(branch: number, country: number): Promise<void> {
    const [branch_id, to] = [
      BRANCHES[branch % BRANCHES.length] ?? BRANCHES[0],
      COUNTRIES[country % COUNTRIES.length] ?? '',
    ];
    this.#countries.set(branch_id, to);
    await this.#tellCatalog(branch_id, 'pos.branch.changed.v1', (revision) => ({
      ...{ branch_id, revision, name: branch_id, country: to },
    }));
  }

  async #tellCatalog(subject: string, type: string, data: (revision: number) => object): Promise<void> {
    this.#revision += 1;
    const event = {
      specversion: '1.0',
      id: `${subject}/${this.#revision}`,
      source: '/pos-api',
      subject,
      time: new Date(WORLD_BEGINS).toISOString(),
      datacontenttype: 'application/json',
      type,
      data: data(this.#revision),
    };
    await this.#clickhouse.insert('bronze.inbox', [
      {
        payload: JSON.stringify(event),
        topic: PURCHASES_TOPIC,
        partition: 1,
        offset: this.#revision,
        key: subject,
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

  #produced(events: readonly Event[]): Message[] {
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

  #note(id: string, version: number, branch: string, customer: Event['data']['customer']): void {
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
      sql: `SELECT toString(purchase_id) AS id, toUInt32(intDiv(max(version), 65536)) AS version FROM silver.purchases WHERE kind = 'sale' GROUP BY id`,
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

const idOf = (kind: string, number: number): string => `00000000-0000-4000-${kind}-${String(number).padStart(12, '0')}`;

export type Event = ReturnType<typeof eventOf>;

/** What Postgres would write of a sale as it is now. */
const eventOf = (sale: Sold, sales: readonly Sold[], revision: number) => {
  const ofCustomer = sales.filter((other) => other.customer === sale.customer);
  const mine = ofCustomer.filter((other) => other.voidedBy === undefined);
  // A sale was not there before it was recorded, and was before it was voided.
  const before = ofCustomer.filter((other) => (other === sale ? sale.version > 1 : other.voidedBy === undefined));
  const inBranch = (some: readonly Sold[]) => some.filter((other) => other.branch === sale.branch);
  const voided = sale.voidedBy !== undefined;
  return {
    specversion: '1.0',
    id: `${sale.id}/${sale.version}`,
    source: '/pos-api',
    subject: sale.id,
    time: new Date(WORLD_BEGINS).toISOString(),
    datacontenttype: 'application/json',
    type: `pos.purchase.${voided ? 'voided' : sale.returns.length > 0 ? 'returned' : 'recorded'}.v1`,
    data: {
      purchase_id: sale.id,
      version: sale.version,
      status: voided ? 'voided' : 'recorded',
      branch_id: sale.branch,
      sold_at: new Date(sale.soldAt).toISOString(),
      recorded_at: new Date(recordedAt(sales.indexOf(sale))).toISOString(),
      currency: 'EUR',
      gross_minor: sale.gross,
      discount_minor: sale.gross - netOf(sale.lines),
      total_minor: netOf(sale.lines),
      cashier: sale.cashier === '' ? null : sale.cashier,
      channel: sale.channel,
      tenders:
        sale.tenders.length === 0 ? null : sale.tenders.map(({ type, amount }) => ({ type, amount_minor: amount })),
      items: sale.lines.map(({ product, quantity, price, net }) => ({
        product_id: product,
        quantity,
        unit_price_minor: price,
        net_minor: net,
      })),
      ...(sale.returns.length > 0
        ? {
            returns: sale.returns.map(({ id, branch, at, cashier, lines }) => ({
              return_id: id,
              branch_id: branch,
              returned_at: new Date(at).toISOString(),
              recorded_at: new Date(at).toISOString(),
              cashier: cashier === '' ? null : cashier,
              total_minor: netOf(lines),
              items: lines.map(({ product, quantity, net }) => ({ product_id: product, quantity, total_minor: net })),
            })),
          }
        : {}),
      customer:
        sale.customer === 0
          ? null
          : {
              customer_id: idOf('9000', sale.customer),
              number: sale.customer,
              ...snapshot(mine, before, revision),
              branch: snapshot(inBranch(mine), inBranch(before), revision),
            },
    },
  };
};

const netOf = (lines: readonly { net: number }[]): number => lines.reduce((sum, { net }) => sum + net, 0);

const snapshot = (mine: readonly Sold[], before: readonly Sold[], revision: number) => {
  const inOrder = (some: readonly Sold[]) => some.map((sale) => sale.soldAt).sort((a, b) => a - b);
  const [moments, momentsBefore] = [inOrder(mine), inOrder(before)];
  const iso = (moment: number | undefined) => (moment === undefined ? null : new Date(moment).toISOString());
  return {
    purchases: mine.length,
    spent_minor: mine.reduce((sum, sale) => sum + sale.lines.reduce((rest, { left }) => rest + left, 0), 0),
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

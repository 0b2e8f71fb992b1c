import type { Scope } from '@tillstream/clickhouse/calendar/cover';
import { readFrequency } from '@tillstream/clickhouse/questions/customers/frequency';
import { readLoyalCustomers } from '@tillstream/clickhouse/questions/customers/loyal-customers';
import { readNewAndReturning } from '@tillstream/clickhouse/questions/customers/new-and-returning';
import { readRetention } from '@tillstream/clickhouse/questions/customers/retention';
import { readTopCustomers } from '@tillstream/clickhouse/questions/customers/top-customers';
import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import type { CustomerCounts, CustomersFigures, CustomersParts } from '../../figures/page-figures.ts';
import { EVERYTHING } from '../api/parameters.ts';
import type { App } from '../app.ts';
import { newestSale } from '../questions/sales/newest-sale.ts';
import { withinSales } from '../questions/sales/within-sales.ts';
import { branchOnly, figuresPage, PACED, type PageAsk, partOf, sharedByView } from './page.ts';
import { pointOf, pointsOf } from './points.ts';

const COHORTS = 12;
const TOP = 20;

/** Figures of all time with the newest sale that is surely in them. */
const asOfNow = async <T extends object>({ app, view, signal }: PageAsk, read: () => Promise<T>) => {
  const as_of = await newestSale(app.gold, { ...EVERYTHING, branch: view.branch }, signal);
  return { ...(await read()), as_of };
};

const frequency = sharedByView(
  'frequency',
  (ask) => asOfNow(ask, () => readFrequency(ask.app.clickhouse, ask.view.branch, ask.signal)),
  PACED,
);
const retention = sharedByView(
  'retention',
  (ask) => {
    const { app, view, now, signal } = ask;
    return asOfNow(ask, () => readRetention(app.gold, { branch: view.branch, now, months: COHORTS }, signal));
  },
  PACED,
);
const top = sharedByView(
  'top customers',
  (ask) => {
    const { app, view, signal } = ask;
    return asOfNow(ask, () => readTopCustomers(app.clickhouse, { branch: view.branch, limit: TOP }, signal));
  },
  PACED,
);

/** The parts whose cost grows with the number of customers, for the page and the read API. */
export const customerParts = { frequency, retention, top };

const countsOf = async (app: App, scope: Scope, signal: AbortSignal): Promise<CustomerCounts> => {
  const [kpis, customers] = await Promise.all([
    readKpis(app.gold, scope, app.loyalThreshold, { signal }),
    readNewAndReturning(app.gold, scope, signal),
  ]);
  // Unique, new and returning are of one moment; loyal customers of one that may be a moment earlier.
  const { unique_customers, new_customers, returning_customers } = customers;
  return { unique_customers, new_customers, returning_customers, loyal_customers: kpis.loyal_customers };
};

/** Loyal customers at the end of each day, or of each month where there are too many days for a chart. */
const loyalOver = async ({ app, scope, now, signal }: PageAsk): Promise<Pick<CustomersFigures, 'loyal' | 'by'>> => {
  const bounded = await withinSales(app.gold, { ...scope, to: Math.min(scope.to, now) }, signal);
  if (bounded === undefined || bounded.from >= bounded.to) return { by: 'day', loyal: [] };
  const { dayOf } = app.calendar;
  const points = await readLoyalCustomers(app.gold, bounded, signal);
  const { by } = pointsOf(dayOf(bounded.from), dayOf(bounded.to - 1));
  const last = new Map(
    points.map(({ start, loyal_customers }) => [pointOf(dayOf(Date.parse(start)), by), loyal_customers]),
  );
  return { by, loyal: [...last].map(([start, loyal_customers]) => ({ start, loyal_customers })) };
};

/** Customers of the period as they are now; how often they come and who came back from parts that show their age. */
export const customersPage = figuresPage<CustomersFigures, CustomersParts>(
  'customers',
  async (ask) => {
    const { app, scope, before, signal } = ask;
    const [now, then, loyal] = await Promise.all([
      countsOf(app, scope, signal),
      before === undefined ? undefined : countsOf(app, before, signal),
      loyalOver(ask),
    ]);
    return { now, before: then, loyal_threshold: app.loyalThreshold, ...loyal };
  },
  async (_, view) => {
    const all = branchOnly(view);
    const [often, back, best] = await Promise.all([
      partOf(frequency('', all)),
      partOf(retention('', all)),
      partOf(top('', all)),
    ]);
    return { frequency: often, retention: back, top: best };
  },
);

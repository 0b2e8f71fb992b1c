import type { Frequency } from '@tillstream/clickhouse/questions/customers/frequency';
import type { Retention } from '@tillstream/clickhouse/questions/customers/retention';
import type {
  BranchesFigures,
  CustomersFigures,
  PipelineParts,
  ProductFigures,
  ProductsFigures,
} from '../figures/page-figures.ts';
import { branches as branchText } from '../text/branches.ts';
import { cashiers as cashierText } from '../text/cashiers.ts';
import { customers as customerText } from '../text/customers.ts';
import { pipelinePage as pipelineText } from '../text/pipeline.ts';
import { products as productText } from '../text/products.ts';
import type { Format } from './format.ts';

/** What tables and charts say, each in a sentence or two. */

const clock = (hour: number): string => `${String(((hour % 24) + 24) % 24).padStart(2, '0')}:00`;

const largest = <T>(rows: readonly T[], of: (row: T) => number): T | undefined =>
  rows.reduce<T | undefined>((best, row) => (best === undefined || of(row) > of(best) ? row : best), undefined);

export const productsFinding = (products: ProductsFigures['products'], format: Format): string => {
  const most = Math.max(0, ...products.map(({ units }) => units));
  if (most === 0) return productText.trendNone;
  const best = products.filter(({ units }) => units === most);
  const [first] = best;
  if (first === undefined || best.length > 1) {
    return productText.findingTie(best.map(({ product }) => product).join(', '), format.number(most));
  }
  const all = products.reduce((sum, { units }) => sum + units, 0);
  return productText.finding(first.product, format.number(most), format.percent(most / all));
};

export const trendFinding = ({ trend, by }: ProductFigures, format: Format): string => {
  const best = largest(trend, ({ units }) => units);
  if (best === undefined || best.units === 0) return productText.trendNone;
  const units = format.number(best.units);
  return by === 'day'
    ? productText.bestDay(format.dayDate(best.start), units)
    : productText.bestMonth(format.month(best.start), units);
};

/** Who leads, and how far. What has no name leads nothing. */
export const breakdownFinding = (
  rows: readonly { name: string; minor: number; share: number }[],
  format: Format,
): string => {
  const best = largest(
    rows.filter(({ name }) => name !== ''),
    ({ minor }) => minor,
  );
  if (best === undefined || best.minor <= 0) return rows.length === 0 ? cashierText.none : cashierText.noNames;
  return cashierText.finding(best.name, format.money(best.minor), format.percent(best.share));
};

/** The best day or month of a category. */
export const categoryTrendFinding = (
  trend: ProductsFigures['categories'][number]['trend'],
  by: 'day' | 'month',
  format: Format,
): string => {
  const best = largest(trend, ({ revenue_minor }) => revenue_minor);
  if (best === undefined || best.revenue_minor <= 0) return productText.trendNone;
  const revenue = format.money(best.revenue_minor);
  return by === 'day'
    ? productText.bestDayRevenue(format.dayDate(best.start), revenue)
    : productText.bestMonthRevenue(format.month(best.start), revenue);
};

export const productHoursFinding = (hours: ProductFigures['hours'], format: Format): string => {
  const all = hours.reduce((sum, { units }) => sum + units, 0);
  const best = largest(hours, ({ units }) => units);
  if (best === undefined || all === 0) return productText.trendNone;
  return productText.hoursFinding(clock(best.hour), format.percent(best.units / all));
};

export const productBranchesFinding = (branches: ProductFigures['branches'], format: Format): string => {
  const all = branches.reduce((sum, { units }) => sum + units, 0);
  const [best] = branches;
  if (best === undefined || all === 0) return productText.trendNone;
  return productText.branchesFinding(best.branch, format.percent(best.units / all));
};

export const loyalFinding = ({ loyal }: CustomersFigures, format: Format): string => {
  const [from, to] = [loyal[0]?.loyal_customers ?? 0, loyal.at(-1)?.loyal_customers ?? 0];
  if (from === 0 && to === 0) return customerText.loyalNone;
  if (from === to) return customerText.loyalSame(format.number(to));
  const sentence = to > from ? customerText.loyalFinding : customerText.loyalFewer;
  return sentence(format.number(Math.abs(to - from)), format.number(from), format.number(to));
};

export const frequencyFinding = ({ rows }: Frequency, threshold: number, format: Format): string => {
  const all = rows.reduce((sum, { customers }) => sum + customers, 0);
  if (all === 0) return customerText.frequencyNone;
  const loyal = rows.reduce((sum, { purchases, customers }) => sum + (purchases >= threshold ? customers : 0), 0);
  return customerText.frequencyFinding(
    format.percent((rows[0]?.customers ?? 0) / all),
    format.percent(loyal / all),
    format.number(threshold),
  );
};

/** The mean over all cohorts whose month after is over, weighted by their size. */
export const retentionFinding = ({ cohorts }: Retention, format: Format): string => {
  if (cohorts.length === 0) return customerText.retentionNone;
  // The last month of each row is the running one.
  const whole = cohorts.filter(({ customers }) => customers.length > 2);
  const size = whole.reduce((sum, { customers }) => sum + (customers[0] ?? 0), 0);
  if (size === 0) return customerText.retentionEarly;
  return customerText.retentionFinding(
    format.percent(whole.reduce((sum, { customers }) => sum + (customers[1] ?? 0), 0) / size),
  );
};

export const branchesFinding = (
  branches: BranchesFigures['branches'],
  nameOf: (id: string) => string,
  format: Format,
): string => {
  const revenue = branches.reduce((sum, { revenue_minor }) => sum + revenue_minor, 0);
  const best = largest(branches, ({ revenue_minor }) => revenue_minor);
  const basket = largest(branches, ({ average_basket_minor }) => average_basket_minor);
  if (best === undefined || basket === undefined || revenue === 0) return branchText.none;
  if (branches.length === 1) return branchText.sideOne(nameOf(best.branch_id), format.money(best.revenue_minor));
  return branchText.sideFinding(
    nameOf(best.branch_id),
    format.percent(best.revenue_minor / revenue),
    branchText.basketFinding(nameOf(basket.branch_id), format.money(basket.average_basket_minor)),
  );
};

/** Mean purchases of a cell per such weekday; 0 where the period has no such day. */
export const meanOf = (
  { weekday, purchases }: { weekday: number; purchases: number },
  weekdays: readonly number[],
): number => purchases / Math.max(1, weekdays[weekday - 1] ?? 0);

/** Names the two busiest cells and the quietest weekday, by the mean per such day. */
export const gridFinding = (
  { cells, weekdays }: Pick<BranchesFigures, 'cells' | 'weekdays'>,
  format: Format,
): string => {
  const ranked = cells
    .filter(({ purchases }) => purchases > 0)
    .map((cell) => ({ ...cell, mean: meanOf(cell, weekdays) }))
    .sort((a, b) => b.mean - a.mean || a.weekday - b.weekday || a.hour - b.hour);
  const [peak, second] = ranked;
  if (peak === undefined) return branchText.none;
  const plural = (weekday: number) => `${branchText.weekdays[weekday - 1]}s`;
  const sentences = [
    branchText.peak(plural(peak.weekday), clock(peak.hour), clock(peak.hour + 1), format.decimal(peak.mean)),
  ];
  if (second !== undefined) {
    sentences.push(branchText.second(plural(second.weekday), clock(second.hour), format.decimal(second.mean)));
  }
  const days = [1, 2, 3, 4, 5, 6, 7].filter((weekday) => (weekdays[weekday - 1] ?? 0) > 0);
  if (days.length === 7) {
    const meanDay = (weekday: number) =>
      cells.filter((cell) => cell.weekday === weekday).reduce((sum, cell) => sum + meanOf(cell, weekdays), 0);
    const quiet = largest(days, (weekday) => -meanDay(weekday));
    if (quiet !== undefined) sentences.push(branchText.quiet(branchText.weekdays[quiet - 1] ?? ''));
  }
  return sentences.join(' ');
};

export const checksFinding = (checks: NonNullable<PipelineParts['checks']['value']>, format: Format): string => {
  const total = (of: (row: (typeof checks)[number]) => number) => checks.reduce((sum, row) => sum + of(row), 0);
  const runs = total((row) => row.runs);
  if (runs === 0) return pipelineText.checksNone;
  const found = total((row) => row.lost + row.extra + row.different);
  if (found === 0) return pipelineText.checksFine(format.number(runs));
  return pipelineText.checksFound(format.number(found), format.number(total((row) => row.healed)));
};

/** The medians are of five minutes each; the sentence takes the middle one, and the worst for the 95 %. */
export const arrivalsFinding = (arrivals: NonNullable<PipelineParts['arrivals']['value']>, format: Format): string => {
  if (arrivals.length === 0) return pipelineText.arrivalsNone;
  const medians = arrivals.map(({ p50_ms }) => p50_ms).sort((a, b) => a - b);
  const events = arrivals.reduce((sum, row) => sum + row.events, 0);
  return pipelineText.arrivalsFinding(
    seconds(medians[Math.floor(medians.length / 2)] ?? 0, format),
    seconds(Math.max(...arrivals.map(({ p95_ms }) => p95_ms)), format),
    format.number(events),
  );
};

/** Milliseconds as text: `140 ms`, `2.3 s`. */
export const seconds = (ms: number, format: Format): string =>
  ms < 1_000 ? `${format.number(ms)} ms` : `${format.decimal(ms / 1_000)} s`;

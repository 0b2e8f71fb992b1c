import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';

/** A purchase or a return as the reference model knows it: nothing but what happened at the till. */
export interface Sale {
  kind: 'sale' | 'return';
  id: string;
  branch: string;
  soldAt: number;
  /** 0: no card. */
  customer: number;
  /** `quantity` may have three decimals, and is 0 of a return; `net` is what the line adds to the revenue. */
  items: { product: string; quantity: number; net: number }[];
  /** Quantities × prices before discounts; 0 of a return. */
  gross: number;
  voided: boolean;
  /** Empty where the till does not say. */
  cashier: string;
  channel: string;
  /** How it was paid; empty where the till does not say, and of a return. */
  tenders: { type: string; amount: number }[];
}

export interface ModelScope {
  from: number;
  to: number;
  branch?: string;
}

/*
 * The figures, written from their meaning and from the purchases alone: loops and sets, no fingerprints, no SQL.
 */

export const inScope = (sales: readonly Sale[], { from, to, branch }: ModelScope): Sale[] =>
  sales.filter(
    (sale) =>
      !sale.voided && sale.soldAt >= from && sale.soldAt < to && (branch === undefined || sale.branch === branch),
  );

const total = (sale: Sale): number => sale.items.reduce((sum, item) => sum + item.net, 0);
const isSale = (sale: Sale): boolean => sale.kind === 'sale';
/** Without the noise of binary fractions: quantities have three decimals at most. */
const sumOf = (quantities: readonly number[]): number =>
  quantities.reduce((sum, quantity) => sum + Math.round(quantity * 1000), 0) / 1000;
/** A weighed line is one item. */
const itemsOf = (sale: Sale): number =>
  sale.items.reduce((sum, { quantity }) => sum + (Number.isInteger(quantity) ? quantity : 1), 0);

const uniqueCustomers = (sales: readonly Sale[]): Set<number> =>
  new Set(sales.filter((sale) => isSale(sale) && sale.customer !== 0).map((sale) => sale.customer));

/** What adds up over hours; customers do not, and are not told by the hour. */
const sums = (sales: readonly Sale[]) => ({
  purchases: sales.filter(isSale).length,
  items: sales.reduce((sum, sale) => sum + itemsOf(sale), 0),
  revenue_minor: sales.reduce((sum, sale) => sum + total(sale), 0),
});

export const totals = (sales: readonly Sale[]) => {
  const [sold, returned] = [sales.filter(isSale), sales.filter((sale) => !isSale(sale))];
  const gross_minor = sold.reduce((sum, sale) => sum + sale.gross, 0);
  return {
    ...sums(sales),
    gross_minor,
    discount_minor: gross_minor - sums(sold).revenue_minor,
    returned_minor: 0 - sums(returned).revenue_minor,
    returns: returned.length,
    unique_customers: uniqueCustomers(sales).size,
  };
};

export const asOf = (sales: readonly Sale[]): string | null =>
  sales.length === 0 ? null : new Date(Math.max(...sales.map((sale) => sale.soldAt))).toISOString();

export const averageBasket = (sales: readonly Sale[]): number => {
  const { purchases, revenue_minor } = totals(sales);
  return purchases === 0 ? 0 : Math.floor(revenue_minor / purchases + 0.5);
};

/** Ranks as competitions count them; all products of the first `limit` ranks. */
export const topProducts = (sales: readonly Sale[], limit: number, by: 'units' | 'revenue_minor') => {
  const sold = salesOfProducts(sales);
  return [...sold]
    .map(([product_id, sum]) => ({
      product_id,
      product: product_id,
      units: sum.units,
      revenue_minor: sum.revenue_minor,
      rank: 1 + [...sold.values()].filter((other) => other[by] > sum[by]).length,
    }))
    .filter(({ rank }) => rank <= limit)
    .sort((a, b) => a.rank - b.rank || (a.product_id < b.product_id ? -1 : 1));
};

/** Customers whose threshold-th purchase that is not void (in the branch, when one is named) was before `to`. */
export const loyalCustomers = (sales: readonly Sale[], { to, branch }: ModelScope, threshold: number): number => {
  const counts = new Map<number, number>();
  for (const sale of inScope(sales, { from: 0, to, branch })) {
    if (isSale(sale) && sale.customer !== 0) counts.set(sale.customer, (counts.get(sale.customer) ?? 0) + 1);
  }
  return [...counts.values()].filter((count) => count >= threshold).length;
};

export const newAndReturning = (sales: readonly Sale[], scope: ModelScope) => {
  const here = uniqueCustomers(inScope(sales, scope));
  const before = uniqueCustomers(inScope(sales, { ...scope, from: 0, to: scope.from }));
  const returning = [...here].filter((customer) => before.has(customer)).length;
  return { unique_customers: here.size, new_customers: here.size - returning, returning_customers: returning };
};

export const series = (sales: readonly Sale[], scope: ModelScope, by: 'hour' | 'day', calendar: ShopCalendar) => {
  const starts = [...calendar.starts(by, scope)];
  return starts.map((start, index) => ({
    start: new Date(start).toISOString(),
    ...(by === 'day' ? totals : sums)(
      inScope(sales, {
        ...scope,
        from: Math.max(scope.from, start),
        to: Math.min(scope.to, starts[index + 1] ?? scope.to),
      }),
    ),
  }));
};

export const hourOf = (sale: Sale, calendar: ShopCalendar): number =>
  new Date(calendar.wallAt(sale.soldAt)).getUTCHours();

export const hourly = (sales: readonly Sale[], calendar: ShopCalendar) =>
  Array.from({ length: 24 }, (_, hour) => ({
    hour,
    ...sums(sales.filter((sale) => hourOf(sale, calendar) === hour)),
  }));

export const weekGrid = (sales: readonly Sale[], calendar: ShopCalendar) =>
  Array.from({ length: 168 }, (_, index) => {
    const [weekday, hour] = [1 + Math.floor(index / 24), index % 24];
    const cell = sales.filter((sale) => {
      const day = new Date(calendar.dayOf(sale.soldAt) * 86_400_000).getUTCDay();
      return (day === 0 ? 7 : day) === weekday && hourOf(sale, calendar) === hour;
    });
    return { weekday, hour, ...sums(cell) };
  });

/** By product, country of the branch now, and month of the business days. */
export const aggregated = (sales: readonly Sale[], calendar: ShopCalendar, countryOf: (branch: string) => string) => {
  const monthOf = (sale: Sale) => new Date(calendar.dayOf(sale.soldAt) * 86_400_000).toISOString().slice(0, 7);
  const groups = new Map<string, { month: string; country: string; product_id: string; sales: Sale[] }>();
  for (const sale of sales) {
    for (const product of new Set(sale.items.map(({ product }) => product))) {
      const [month, country] = [monthOf(sale), countryOf(sale.branch)];
      const key = `${month} ${country} ${product}`;
      const group = groups.get(key) ?? { month, country, product_id: product, sales: [] };
      group.sales.push(sale);
      groups.set(key, group);
    }
  }
  return [...groups.values()]
    .map(({ month, country, product_id, sales }) => {
      const items = sales.flatMap((sale) => sale.items.filter(({ product }) => product === product_id));
      return {
        product_id,
        product: product_id,
        country,
        month,
        purchases: sales.filter(isSale).length,
        units: sumOf(items.map(({ quantity }) => quantity)),
        revenue_minor: items.reduce((sum, { net }) => sum + net, 0),
        average_basket_minor: averageBasket(sales.filter(isSale)),
        unique_customers: uniqueCustomers(sales).size,
      };
    })
    .sort(
      (a, b) =>
        compare(a.month, b.month) ||
        compare(a.country, b.country) ||
        b.units - a.units ||
        compare(a.product_id, b.product_id),
    );
};

/** Units, revenue and purchases of each product on each business day. */
export const productsByDay = (sales: readonly Sale[], calendar: ShopCalendar) =>
  [...new Set(sales.map((sale) => calendar.dayOf(sale.soldAt)))]
    .sort((a, b) => a - b)
    .flatMap((start) =>
      [...salesOfProducts(sales.filter((sale) => calendar.dayOf(sale.soldAt) === start))]
        .map(([product_id, sum]) => ({ start, product_id, ...sum }))
        .sort((a, b) => compare(a.product_id, b.product_id)),
    );

/** Each product's sales in a period beside those in another one. */
export const productRanking = (now: readonly Sale[], before: readonly Sale[]) => {
  const [here, there] = [salesOfProducts(now), salesOfProducts(before)];
  return [...new Set([...here.keys(), ...there.keys()])]
    .map((product_id) => ({
      product_id,
      product: product_id,
      ...(here.get(product_id) ?? { units: 0, revenue_minor: 0, purchases: 0 }),
      units_before: there.get(product_id)?.units ?? 0,
      revenue_before_minor: there.get(product_id)?.revenue_minor ?? 0,
    }))
    .sort((a, b) => b.units - a.units || compare(a.product_id, b.product_id));
};

const salesOfProducts = (sales: readonly Sale[]) => {
  const products = [...new Set(sales.flatMap(({ items }) => items.map(({ product }) => product)))];
  return new Map(
    products.map((product) => {
      const with_it = sales.filter(({ items }) => items.some((item) => item.product === product));
      const lines = with_it.flatMap(({ items }) => items.filter((item) => item.product === product));
      return [
        product,
        {
          units: sumOf(lines.map(({ quantity }) => quantity)),
          revenue_minor: lines.reduce((sum, { net }) => sum + net, 0),
          purchases: with_it.filter(isSale).length,
        },
      ];
    }),
  );
};

export type BreakdownBy = 'category' | 'channel' | 'tender' | 'cashier';

/** Sales under each key, the largest first; what a till does not say is under the empty one, and so is a return by tender. */
export const breakdown = (sales: readonly Sale[], by: BreakdownBy, categoryOf: (product: string) => string) => {
  const rows = broken(sales, by, categoryOf);
  const weight = (row: { revenue_minor: number; amount_minor?: number }) => row.amount_minor ?? row.revenue_minor;
  const all = rows.reduce((sum, row) => sum + weight(row), 0);
  return rows
    .map((row) => ({ ...row, share: all === 0 ? 0 : weight(row) / all }))
    .sort((a, b) => weight(b) - weight(a) || compare(a.key, b.key));
};

const broken = (sales: readonly Sale[], by: BreakdownBy, categoryOf: (product: string) => string) => {
  const byKey = <Part>(parts: readonly (readonly [string, Part])[]) =>
    [...new Set(parts.map(([key]) => key))].map(
      (key) => [key, parts.filter(([of]) => of === key).map(([, part]) => part)] as const,
    );
  if (by === 'category') {
    const lines = sales.flatMap(({ items }) => items.map((item) => [categoryOf(item.product), item] as const));
    return byKey(lines)
      .map(([key, of]) => ({
        key,
        units: sumOf(of.map(({ quantity }) => quantity)),
        revenue_minor: of.reduce((sum, { net }) => sum + net, 0),
      }))
      .filter(({ units, revenue_minor }) => units !== 0 || revenue_minor !== 0);
  }
  if (by === 'tender') {
    const paid = sales.flatMap((sale) => {
      const tenders = sale.tenders.length > 0 ? sale.tenders : [{ type: '', amount: isSale(sale) ? total(sale) : 0 }];
      return tenders.map(({ type, amount }) => [type, { sale, amount }] as const);
    });
    return byKey(paid).map(([key, of]) => {
      const returned = of.flatMap(({ sale }) => (isSale(sale) ? [] : [sale]));
      const amount_minor = of.reduce((sum, { amount }) => sum + amount, 0);
      const returned_minor = returned.reduce((sum, sale) => sum - total(sale), 0);
      return {
        key,
        purchases_with_it: new Set(of.flatMap(({ sale }) => (isSale(sale) ? [sale] : []))).size,
        revenue_minor: amount_minor - returned_minor,
        ...{ amount_minor, returned_minor, returns: returned.length },
      };
    });
  }
  return byKey(sales.map((sale) => [sale[by], sale] as const)).map(([key, of]) => {
    const { unique_customers: _, ...figures } = totals(of);
    return { key, ...figures };
  });
};

/** The same of each business day, by day and key. */
export const breakdownSeries = (
  sales: readonly Sale[],
  by: BreakdownBy,
  categoryOf: (product: string) => string,
  calendar: ShopCalendar,
) =>
  [...new Set(sales.map((sale) => calendar.dayOf(sale.soldAt)))]
    .sort((a, b) => a - b)
    .flatMap((number) =>
      broken(
        sales.filter((sale) => calendar.dayOf(sale.soldAt) === number),
        by,
        categoryOf,
      )
        .map((row) => ({ day: new Date(number * 86_400_000).toISOString().slice(0, 10), ...row }))
        .sort((a, b) => compare(a.key, b.key)),
    );

/** One product's sales under the key of each sale. */
export const productSales = (sales: readonly Sale[], product: string, keyOf: (sale: Sale) => string | number) =>
  [...new Set(sales.map((sale) => String(keyOf(sale))))].sort(compare).flatMap((key) => {
    const sold = salesOfProducts(sales.filter((sale) => String(keyOf(sale)) === key)).get(product);
    return sold === undefined ? [] : [{ key, ...sold }];
  });

/** Branches with a sale in a period or in the one before it; loyal customers are left to others. */
export const branchSales = (now: readonly Sale[], before: readonly Sale[]) =>
  [...new Set([...now, ...before].map(({ branch }) => branch))].sort(compare).map((branch_id) => {
    const here = now.filter(({ branch }) => branch === branch_id);
    const { purchases, revenue_minor } = totals(before.filter(({ branch }) => branch === branch_id));
    return {
      branch_id,
      ...totals(here),
      purchases_before: purchases,
      revenue_before_minor: revenue_minor,
      average_basket_minor: averageBasket(here),
      newest_sale: asOf(here),
    };
  });

/** Customers by the month of their first purchase: how many of them bought in it and in each of the `months` after it. */
export const retention = (sales: readonly Sale[], months: readonly string[], calendar: ShopCalendar) => {
  const monthOf = (sale: Sale) => new Date(calendar.dayOf(sale.soldAt) * 86_400_000).toISOString().slice(0, 7);
  const seen = new Map<number, Set<string>>();
  for (const sale of sales) {
    if (isSale(sale) && sale.customer !== 0)
      seen.set(sale.customer, (seen.get(sale.customer) ?? new Set()).add(monthOf(sale)));
  }
  return months.flatMap((month, index) => {
    const cohort = [...seen.values()].filter((visits) => [...visits].sort(compare)[0] === month);
    if (cohort.length === 0) return [];
    return [
      { month, customers: months.slice(index).map((later) => cohort.filter((visits) => visits.has(later)).length) },
    ];
  });
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

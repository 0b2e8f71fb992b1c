import type { ShopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';

/** A purchase as the reference model knows it: nothing but what happened at the till. */
export interface Sale {
  id: string;
  branch: string;
  soldAt: number;
  /** 0: no card. */
  customer: number;
  items: { product: string; quantity: number; price: number }[];
  voided: boolean;
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

const total = (sale: Sale): number => sale.items.reduce((sum, item) => sum + item.quantity * item.price, 0);

const uniqueCustomers = (sales: readonly Sale[]): Set<number> =>
  new Set(sales.filter((sale) => sale.customer !== 0).map((sale) => sale.customer));

export const totals = (sales: readonly Sale[]) => ({
  purchases: sales.length,
  items: sales.reduce((sum, sale) => sum + sale.items.reduce((units, item) => units + item.quantity, 0), 0),
  revenue_minor: sales.reduce((sum, sale) => sum + total(sale), 0),
  unique_customers: uniqueCustomers(sales).size,
});

/** What adds up over hours; customers do not, and are not told by the hour. */
const sums = (sales: readonly Sale[]) => {
  const { purchases, items, revenue_minor } = totals(sales);
  return { purchases, items, revenue_minor };
};

export const asOf = (sales: readonly Sale[]): string | null =>
  sales.length === 0 ? null : new Date(Math.max(...sales.map((sale) => sale.soldAt))).toISOString();

export const averageBasket = (sales: readonly Sale[]): number => {
  const { purchases, revenue_minor } = totals(sales);
  return purchases === 0 ? 0 : Math.floor(revenue_minor / purchases + 0.5);
};

/** Ranks as competitions count them; all products of the first `limit` ranks. */
export const topProducts = (sales: readonly Sale[], limit: number, by: 'units' | 'revenue_minor') => {
  const sold = new Map<string, { units: number; revenue_minor: number }>();
  for (const sale of sales) {
    for (const { product, quantity, price } of sale.items) {
      const sum = sold.get(product) ?? { units: 0, revenue_minor: 0 };
      sum.units += quantity;
      sum.revenue_minor += quantity * price;
      sold.set(product, sum);
    }
  }
  return [...sold]
    .map(([product_id, sum]) => ({
      product_id,
      product: product_id,
      ...sum,
      rank: 1 + [...sold.values()].filter((other) => other[by] > sum[by]).length,
    }))
    .filter(({ rank }) => rank <= limit)
    .sort((a, b) => a.rank - b.rank || (a.product_id < b.product_id ? -1 : 1));
};

/** Customers whose threshold-th purchase that is not void (in the branch, when one is named) was before `to`. */
export const loyalCustomers = (sales: readonly Sale[], { to, branch }: ModelScope, threshold: number): number => {
  const counts = new Map<number, number>();
  for (const sale of inScope(sales, { from: 0, to, branch })) {
    if (sale.customer !== 0) counts.set(sale.customer, (counts.get(sale.customer) ?? 0) + 1);
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
    for (const { product } of sale.items) {
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
        purchases: sales.length,
        units: items.reduce((sum, { quantity }) => sum + quantity, 0),
        revenue_minor: items.reduce((sum, { quantity, price }) => sum + quantity * price, 0),
        average_basket_minor: averageBasket(sales),
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
export const productsByDay = (sales: readonly Sale[], calendar: ShopCalendar) => {
  const sold = new Map<
    string,
    { start: number; product_id: string; units: number; revenue_minor: number; purchases: number }
  >();
  for (const sale of sales) {
    const start = calendar.dayOf(sale.soldAt);
    for (const { product, quantity, price } of sale.items) {
      const sum = sold.get(`${start} ${product}`) ?? {
        start,
        product_id: product,
        units: 0,
        revenue_minor: 0,
        purchases: 0,
      };
      sum.units += quantity;
      sum.revenue_minor += quantity * price;
      sum.purchases += 1;
      sold.set(`${start} ${product}`, sum);
    }
  }
  return [...sold.values()].sort((a, b) => a.start - b.start || compare(a.product_id, b.product_id));
};

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
  const sold = new Map<string, { units: number; revenue_minor: number; purchases: number }>();
  for (const { items } of sales) {
    for (const { product, quantity, price } of items) {
      const sum = sold.get(product) ?? { units: 0, revenue_minor: 0, purchases: 0 };
      sum.units += quantity;
      sum.revenue_minor += quantity * price;
      sum.purchases += 1;
      sold.set(product, sum);
    }
  }
  return sold;
};

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
    if (sale.customer !== 0) seen.set(sale.customer, (seen.get(sale.customer) ?? new Set()).add(monthOf(sale)));
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

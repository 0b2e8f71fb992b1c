/** Figures that only grow with more sales (and fewer voids); what is derived from them, like a mean or a rank, is not compared. */
const GROWING = new Set([
  'purchases',
  'purchases_with_it',
  'items',
  'units',
  'revenue_minor',
  'gross_minor',
  'discount_minor',
  'amount_minor',
  'unique_customers',
  'loyal_customers',
  'purchases_before',
  'units_before',
  'revenue_before_minor',
  'as_of',
]);

/** What tells the rows of an answer apart. */
const KEYS = ['product_id', 'branch_id', 'country', 'month', 'weekday', 'hour', 'start', 'day', 'key'];

/** Answers that leave rows out: of these only what is told is compared. */
const RANKED = new Set(['top_products']);

/** Compares the growing figures of an answer with those of the fewest and of the most sales that it may be of. */
export const boundsOf = (
  question: string,
  given: unknown,
  least: unknown,
  most: unknown,
): { compared: number; outside: string[] } => {
  // Who bought first in which month may change with an earlier sale.
  if (question === 'retention') return { compared: 0, outside: [] };
  const [found, low, high] = [given, least, most].map(figuresOf) as [Figures, Figures, Figures];
  const outside: string[] = [];
  for (const [key, value] of found) {
    const [from, to] = [low.get(key) ?? 0, high.get(key) ?? 0];
    if (value < from || value > to) outside.push(`${key} is ${value}, not ${from} to ${to}`);
  }
  for (const [key, value] of low) {
    if (found.has(key) || value === 0 || RANKED.has(question) || key.includes('top_products')) continue;
    outside.push(`${key} is missing, not at least ${value}`);
  }
  return { compared: found.size, outside };
};

type Figures = Map<string, number>;

/** The growing figures of an answer by their place in it. */
const figuresOf = (answer: unknown): Figures => {
  const found: Figures = new Map();
  const walk = (value: unknown, place: string) => {
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        const key = KEYS.filter((name) => item?.[name] !== undefined).map((name) => `${name}=${item[name]}`);
        walk(item, `${place}[${key.length > 0 ? key.join(' ') : index}]`);
      });
    } else if (value !== null && typeof value === 'object') {
      for (const [name, inner] of Object.entries(value)) {
        if (inner !== null && typeof inner === 'object') walk(inner, `${place}.${name}`);
        else if (GROWING.has(name)) found.set(`${place}.${name}`, name === 'as_of' ? momentOf(inner) : Number(inner));
      }
    }
  };
  walk(answer, '');
  return found;
};

const momentOf = (value: unknown): number => (typeof value === 'string' ? Date.parse(value) : 0);

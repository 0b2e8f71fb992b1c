import { productId } from '@tillstream/schemas/files';
import { mix, type Random } from './random.ts';

/** A product of the demo shop. */
export interface DemoProduct {
  product_id: string;
  name: string;
  unit_price_minor: number;
}

/** The demo branches. */
export const BRANCHES = [
  { branch_id: 'SMKT001', name: 'Berlin Mitte', country: 'Germany' },
  { branch_id: 'SMKT002', name: 'Wien Landstraße', country: 'Austria' },
  { branch_id: 'SMKT003', name: 'Lyon Bellecour', country: 'France' },
] as const;

/** The share of the sales that each of the demo branches makes, in their order. */
export const BRANCH_WEIGHTS: readonly number[] = [45, 33, 22];

const product = (name: string, unit_price_minor: number): DemoProduct => {
  return { product_id: productId(name), name, unit_price_minor };
};

/** The demo products. */
export const PRODUCTS: readonly DemoProduct[] = [
  product('Milk', 150),
  product('Bread', 220),
  product('Eggs', 310),
  product('Butter', 260),
  product('Cheese', 480),
  product('Coffee', 690),
  product('Apples', 290),
  product('Bananas', 180),
  product('Orange Juice', 240),
  product('Chocolate', 130),
];

const POPULARITY: Readonly<Record<string, number>> = {
  milk: 30,
  bread: 27,
  bananas: 18,
  eggs: 11,
  cheese: 9,
  butter: 8,
  coffee: 7,
  apples: 7,
  chocolate: 6,
  'orange-juice': 5,
};

/** How often a product is bought, relative to the others; a product that the demo does not know is an average one. */
export const popularity = (id: string): number => POPULARITY[id] ?? 8;

/** How busy the shop is in each hour of its clock: it opens at 7 and closes at 22. */
const WEEKDAY = [0, 0, 0, 0, 0, 0, 0, 4, 6, 5, 5, 7, 10, 8, 5, 5, 8, 13, 14, 10, 6, 4, 0, 0];
const SATURDAY = [0, 0, 0, 0, 0, 0, 0, 3, 6, 10, 14, 15, 14, 12, 10, 9, 9, 8, 7, 5, 3, 2, 0, 0];
const SUNDAY = [0, 0, 0, 0, 0, 0, 0, 0, 2, 5, 7, 7, 6, 5, 4, 4, 4, 3, 3, 2, 1, 0, 0, 0];

/** How busy the shop is, relative to other hours; 0 is closed. The weekday counts from 0, Sunday. */
export const busyness = (weekday: number, hour: number): number => {
  const day = weekday === 0 ? SUNDAY : weekday === 6 ? SATURDAY : WEEKDAY;
  return day[hour] ?? 0;
};

/** An index, drawn so that each is as likely as its weight, relative to the others. */
export const drawWeighted = (random: Random, weights: readonly number[]): number => {
  let total = 0;
  for (const weight of weights) total += weight;
  let left = random.next() * total;
  for (let index = 0; index < weights.length - 1; index++) {
    left -= weights[index] ?? 0;
    if (left < 0) return index;
  }
  return weights.length - 1;
};

/** How many baskets in a hundred hold one product, two, three, … */
const SIZES = [22, 26, 21, 14, 9, 5, 3];

/** A basket: different indexes of the products whose weights are given, the popular ones more often; at least one. */
export const drawBasket = (random: Random, weights: readonly number[]): number[] => {
  const size = Math.min(1 + drawWeighted(random, SIZES), weights.length);
  const basket: number[] = [];
  while (basket.length < size) {
    const index = drawWeighted(random, weights);
    if (!basket.includes(index)) basket.push(index);
  }
  return basket;
};

/** The share of sales at which nobody shows a card. */
const WITHOUT_CUSTOMER = 0.15;
/** One customer in five is a regular, and regulars make more than half of the other sales. */
const REGULARS = 0.2;
const BY_REGULARS = 0.55;

/** The number of a customer out of `customers`, some of whom come often and most rarely; undefined is nobody's sale. */
export const drawCustomer = (random: Random, customers: number): number | undefined => {
  const who = random.next();
  if (who < WITHOUT_CUSTOMER) return undefined;
  if (who < WITHOUT_CUSTOMER + (1 - WITHOUT_CUSTOMER) * BY_REGULARS) {
    // The power makes some regulars more regular than others.
    return Math.floor(random.next() ** 1.3 * Math.max(1, customers * REGULARS));
  }
  return random.below(customers);
};

const HEX = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'));

/** The UUID (version 4) of a customer's number, always the same for the same seed. */
export const customerId = (seed: number, number: number): string => {
  const high = mix(mix(seed) ^ Math.floor(number / 2 ** 32));
  const a = mix(high + Math.imul(number, 0x9e3779b1) + 1);
  const b = mix(a ^ Math.imul(number, 0x85ebca6b) ^ high);
  const c = mix(b + Math.imul(number, 0xc2b2ae35) + 3);
  // The number itself, scrambled without loss, keeps any two customers of a seed apart.
  const d = mix(number ^ high);
  const version = 0x4000 | (b & 0x0fff);
  const variant = 0x8000 | ((b >>> 16) & 0x3fff);
  return `${HEX[a >>> 16]}${HEX[a & 0xffff]}-${HEX[c >>> 16]}-${HEX[version]}-${HEX[variant]}-${HEX[c & 0xffff]}${HEX[d >>> 16]}${HEX[d & 0xffff]}`;
};

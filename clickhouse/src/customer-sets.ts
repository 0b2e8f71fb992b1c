import { type NumberSet, numberSetOf, ofFew, ofUnknown } from './roaring.ts';

/** Numbers of customers: many that stay as they were read, and those that are not among them. */
export interface Customers {
  many: NumberSet;
  others: NumberSet;
}

/** Customers that are all different. */
export const customersOf = (many: NumberSet): Customers => ({ many, others: NOBODY });

/** Customers by what ClickHouse's `hex` says of their bitmap; where that is empty only how many there are is known. */
export const customersOfState = (state: string, unique: number): Customers =>
  customersOf(state === '' ? ofUnknown(unique) : numberSetOf(state));

/** Customers by their numbers, in any order. */
export const fewCustomers = (numbers: Iterable<number>): Customers =>
  customersOf(ofFew(Uint32Array.from(numbers).sort()));

const NOBODY = ofFew(new Uint32Array());

/** How many there are. */
export const countOf = ({ many, others }: Customers): number => many.size + others.size;

/** About how much memory they take. */
export const bytesOfCustomers = ({ many, others }: Customers): number => many.bytes + others.bytes;

/** Those of both. @throws {UnknownNumbers} where of one only the number is known, and there are any in the other */
export const united = (one: Customers, other: Customers): Customers => {
  const [larger, smaller] = other.many.size > one.many.size ? [other, one] : [one, other];
  return withOthers(withOthers(larger, smaller.many), smaller.others);
};

const withOthers = (customers: Customers, set: NumberSet): Customers => {
  if (set.size === 0) return customers;
  const { many, others } = customers;
  const fresh = set.numbers().filter((number) => !many.has(number) && !others.has(number));
  return fresh.length === 0 ? customers : { many, others: ofFew(merged(others.numbers(), fresh)) };
};

/** Two ascending lists as one. */
const merged = (some: Uint32Array, others: Uint32Array): Uint32Array => {
  const all = new Uint32Array(some.length + others.length);
  let next = 0;
  let index = 0;
  for (const other of others) {
    for (let number = some[next]; number !== undefined && number < other; number = some[++next]) all[index++] = number;
    all[index++] = other;
  }
  all.set(some.subarray(next), index);
  return all;
};

/** Customers as bits, 32 to a word, those of several sets together: so they are compared with others in no time. */
export const bitsOf = (customers: readonly Customers[], words = wordsOf(customers)): Uint32Array => {
  const bits = new Uint32Array(words);
  for (const set of setsOf(customers)) set.setIn(bits);
  return bits;
};

/** How many words the bits of all of them take. */
export const wordsOf = (customers: readonly Customers[]): number =>
  Math.ceil(Math.max(0, ...setsOf(customers).map(({ below }) => below)) / 32);

const setsOf = (customers: readonly Customers[]): NumberSet[] =>
  customers.flatMap(({ many, others }) => [many, others]);

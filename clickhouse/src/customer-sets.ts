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
  if (other.many.size > one.many.size) return united(other, one);
  const fresh = [other.many, other.others].map((set) => set.numbers().filter((number) => !has(one, number)));
  if (fresh.every(({ length }) => length === 0)) return one;
  const others = Uint32Array.from([...one.others.numbers(), ...fresh.flatMap((numbers) => [...numbers])]).sort();
  return { many: one.many, others: ofFew(others) };
};

const has = ({ many, others }: Customers, number: number): boolean => many.has(number) || others.has(number);

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

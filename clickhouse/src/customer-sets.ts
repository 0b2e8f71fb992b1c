import { type NumberSet, numberSetOf, ofFew, ofUnknown } from './roaring.ts';

/** Numbers of customers, all of them once or as often as they bought. */
export interface Customers {
  /** Many, who stay as they were read. */
  many: NumberSet;
  /** Those who are not among them, ascending, once for each purchase: so that a purchase can be taken off again. */
  others: Uint32Array;
  /** How many different ones these are. */
  different: number;
}

const NOBODY = ofFew(new Uint32Array());
const NO_PURCHASES = new Uint32Array();

/** Customers who are all different. */
export const customersOf = (many: NumberSet): Customers => ({ many, others: NO_PURCHASES, different: 0 });

/** The customers of purchases, in any order. */
export const customersOfPurchases = (numbers: Iterable<number>): Customers =>
  ofOthers(NOBODY, Uint32Array.from(numbers).sort());

/** What the state of customers begins with that tells of each purchase; bitmaps begin with another byte. */
const OF_PURCHASES = '02';

/** SQL of the state of the customers of some purchases (zero is none), for {@link customersOfState}. */
export const purchasersState = (number: string, counts: string): string =>
  `concat('${OF_PURCHASES}', arrayStringConcat(arrayMap(number -> hex(reinterpretAsFixedString(number)), arraySort(groupArrayIf(${number}, ${counts} AND ${number} != 0)))))`;

/** Customers by what {@link purchasersState} or `hex` of a bitmap says; where that is empty only how many there are is known. */
export const customersOfState = (state: string, unique: number): Customers => {
  if (state === '') return customersOf(ofUnknown(unique));
  if (!state.startsWith(OF_PURCHASES)) return customersOf(numberSetOf(state));
  const bytes = Buffer.from(state.slice(OF_PURCHASES.length), 'hex');
  const numbers = Uint32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(4 * index));
  return ofOthers(NOBODY, numbers);
};

/** How many there are. */
export const countOf = ({ many, different }: Customers): number => many.size + different;

/** About how much memory they take. */
export const bytesOfCustomers = ({ many, others }: Customers): number => many.bytes + others.byteLength;

/**
 * With the customers of some purchases. @throws {UnknownNumbers} where only their number is known, and there are any more
 */
export const withPurchasers = ({ many, others, different }: Customers, more: Customers): Customers => {
  if (more.many.size > 0) throw new Error('not the customers of purchases');
  const fresh = more.others.filter((number) => !many.has(number));
  return fresh.length === 0 ? { many, others, different } : ofOthers(many, merged(others, fresh));
};

/**
 * Without the customers of some purchases that are among theirs. @throws {UnknownNumbers} where only their number is known
 */
export const withoutPurchasers = ({ many, others }: Customers, fewer: Customers): Customers => {
  const left = new Map<number, number>();
  for (const number of fewer.others) if (!many.has(number)) left.set(number, (left.get(number) ?? 0) + 1);
  const rest = others.filter((number) => {
    const times = left.get(number) ?? 0;
    if (times > 0) left.set(number, times - 1);
    return times === 0;
  });
  if ([...left.values()].some((times) => times > 0)) throw new Error('a purchase that is not there');
  return ofOthers(many, rest);
};

const ofOthers = (many: NumberSet, others: Uint32Array): Customers => {
  let different = 0;
  let before = -1;
  for (const number of others) {
    if (number !== before) different++;
    before = number;
  }
  return { many, others, different };
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
  for (const { many, others } of customers) {
    const known = bitsOfMany(many);
    for (let word = 0; word < known.length; word++) bits[word] = (bits[word] ?? 0) | (known[word] ?? 0);
    ofFew(others).setIn(bits);
  }
  return bits;
};

/** Those that were read once stay as they are, and so do their bits. */
const bitsKnown = new WeakMap<NumberSet, Uint32Array>();

const bitsOfMany = (many: NumberSet): Uint32Array => {
  const known = bitsKnown.get(many) ?? new Uint32Array(Math.ceil(many.below / 32));
  if (!bitsKnown.has(many)) {
    many.setIn(known);
    bitsKnown.set(many, known);
  }
  return known;
};

/** How many words the bits of all of them take. */
export const wordsOf = (customers: readonly Customers[]): number =>
  Math.ceil(Math.max(0, ...setsOf(customers).map(({ below }) => below)) / 32);

const setsOf = (customers: readonly Customers[]): NumberSet[] =>
  customers.flatMap(({ many, others }) => [many, ofFew(others)]);

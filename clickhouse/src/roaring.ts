/**
 * Reads what ClickHouse's `hex` says of a state of `groupBitmap` over UInt32: a byte 0, a count and that many numbers; or a byte 1, a length
 * and a bitmap in the portable format of Roaring (https://github.com/RoaringBitmap/RoaringFormatSpec). It stays as compact as it came.
 */
export interface NumberSet {
  size: number;
  /** About how much memory it takes. */
  bytes: number;
  has(number: number): boolean;
  /** All of them, ascending. */
  numbers(): Uint32Array;
  /** A number that all of them are below. */
  below: number;
  /** Sets the bits of all of them, 32 to a word. */
  setIn(bits: Uint32Array): void;
}

/** Numbers that lie close to each other, in one of three forms. */
interface Container {
  /** The upper 16 bits of its numbers. */
  high: number;
  size: number;
  has(low: number): boolean;
  lows(): Iterable<number>;
  /** Sets the bits of all of them, from a word on. */
  setIn(bits: Uint32Array, from: number): void;
}

/** @throws when it is no such state */
export const numberSetOf = (hex: string): NumberSet => {
  const bytes = Buffer.from(hex, 'hex');
  const { value: length, next } = varUint(bytes, 1);
  if (bytes[0] === 0)
    return ofFew(Uint32Array.from({ length }, (_, index) => bytes.readUInt32LE(next + 4 * index)).sort());
  if (bytes[0] === 1 && bytes.length === next + length) return ofContainers(containersOf(bytes.subarray(next)), length);
  throw new Error('not the state of a bitmap');
};

/** Asked of a set of which only the size is known. */
export class UnknownNumbers extends Error {}

/** A set of which only the size is known. */
export const ofUnknown = (size: number): NumberSet => {
  const unknown = () => {
    throw new UnknownNumbers();
  };
  return { size, bytes: 0, has: unknown, numbers: unknown, below: 0, setIn: unknown };
};

/** A set of ascending numbers. */
export const ofFew = (few: Uint32Array): NumberSet => ({
  size: few.length,
  bytes: few.byteLength,
  has: (number) => isAmong(number, few.length, (index) => few[index] ?? 0),
  numbers: () => few,
  below: (few.at(-1) ?? -1) + 1,
  setIn: (bits) => {
    for (const number of few) setBit(bits, number);
  },
});

const setBit = (bits: Uint32Array, number: number): void => {
  const word = number >>> 5;
  bits[word] = (bits[word] ?? 0) | (1 << (number & 31));
};

/** Sets all bits from the first to the last one: whole words at once. */
const setBits = (bits: Uint32Array, first: number, last: number): void => {
  let number = first;
  for (; number <= last && (number & 31) !== 0; number++) setBit(bits, number);
  for (; number + 31 <= last; number += 32) bits[number >>> 5] = 0xffffffff;
  for (; number <= last; number++) setBit(bits, number);
};

const ofContainers = (containers: readonly Container[], bytes: number): NumberSet => {
  const size = containers.reduce((sum, container) => sum + container.size, 0);
  const byHigh = new Map(containers.map((container) => [container.high, container]));
  return {
    size,
    bytes,
    has: (number) => byHigh.get(number >>> 16)?.has(number & 0xffff) ?? false,
    numbers: () => {
      const all = new Uint32Array(size);
      let index = 0;
      for (const { high, lows } of containers) for (const low of lows()) all[index++] = high * CONTAINER + low;
      return all;
    },
    below: Math.max(0, ...containers.map(({ high }) => (high + 1) * CONTAINER)),
    setIn: (bits) => {
      for (const { high, setIn } of containers) setIn(bits, (high * CONTAINER) / 32);
    },
  };
};

/** So many numbers lie close to each other. */
const CONTAINER = 65_536;
const WITH_RUNS = 12_347;
const WITHOUT_RUNS = 12_346;
/** With fewer containers than this a bitmap with runs has no list of where they begin. */
const FEW_CONTAINERS = 4;
const LARGEST_ARRAY = 4_096;
const BITSET_BYTES = 8_192;

const containersOf = (bytes: Buffer): Container[] => {
  const cookie = bytes.readUInt32LE(0);
  const hasRuns = (cookie & 0xffff) === WITH_RUNS;
  if (!hasRuns && cookie !== WITHOUT_RUNS) throw new Error('not a bitmap');
  const count = hasRuns ? (cookie >>> 16) + 1 : bytes.readUInt32LE(4);
  const headers = hasRuns ? 4 + Math.ceil(count / 8) : 8;
  const isRun = (index: number) => hasRuns && (((bytes[4 + (index >> 3)] ?? 0) >> (index & 7)) & 1) === 1;
  let at = headers + 4 * count + (hasRuns && count < FEW_CONTAINERS ? 0 : 4 * count);
  return Array.from({ length: count }, (_, index) => {
    const high = bytes.readUInt16LE(headers + 4 * index);
    const size = bytes.readUInt16LE(headers + 4 * index + 2) + 1;
    const form = isRun(index) ? runs : size <= LARGEST_ARRAY ? array : bitset;
    const { length, ...container } = form(bytes, at, size);
    at += length;
    return { high, size, ...container };
  });
};

type Form = (bytes: Buffer, at: number, size: number) => Omit<Container, 'high' | 'size'> & { length: number };

const array: Form = (bytes, at, size) => {
  const low = (index: number) => bytes.readUInt16LE(at + 2 * index);
  return {
    length: 2 * size,
    has: (number) => isAmong(number, size, low),
    *lows() {
      for (let index = 0; index < size; index++) yield low(index);
    },
    setIn: (bits, from) => {
      for (let index = 0; index < size; index++) setBit(bits, 32 * from + low(index));
    },
  };
};

const bitset: Form = (bytes, at) => {
  const has = (low: number) => (((bytes[at + (low >> 3)] ?? 0) >> (low & 7)) & 1) === 1;
  return {
    length: BITSET_BYTES,
    has,
    *lows() {
      for (let low = 0; low < 8 * BITSET_BYTES; low++) if (has(low)) yield low;
    },
    setIn: (bits, from) => {
      const words = new DataView(bytes.buffer, bytes.byteOffset + at, BITSET_BYTES);
      for (let word = 0; word < BITSET_BYTES / 4; word++)
        bits[from + word] = (bits[from + word] ?? 0) | words.getUint32(4 * word, true);
    },
  };
};

/** Each run says where it begins and how many numbers follow the first. */
const runs: Form = (bytes, at) => {
  const count = bytes.readUInt16LE(at);
  const begin = (run: number) => bytes.readUInt16LE(at + 2 + 4 * run);
  const more = (run: number) => bytes.readUInt16LE(at + 4 + 4 * run);
  return {
    length: 2 + 4 * count,
    has: (low) => {
      const run = placeOf(low, count, begin);
      return run >= 0 && low <= begin(run) + more(run);
    },
    *lows() {
      for (let run = 0; run < count; run++) for (let low = begin(run); low <= begin(run) + more(run); low++) yield low;
    },
    setIn: (bits, from) => {
      for (let run = 0; run < count; run++) setBits(bits, 32 * from + begin(run), 32 * from + begin(run) + more(run));
    },
  };
};

/** The last place of ascending numbers that holds no larger one than this; -1 when there is none. */
const placeOf = (number: number, count: number, at: (index: number) => number): number => {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (at(middle) <= number) from = middle + 1;
    else to = middle;
  }
  return from - 1;
};

const isAmong = (number: number, count: number, at: (index: number) => number): boolean => {
  const place = placeOf(number, count, at);
  return place >= 0 && at(place) === number;
};

const varUint = (bytes: Buffer, from: number): { value: number; next: number } => {
  let [value, factor, next] = [0, 1, from];
  for (;;) {
    const byte = bytes[next++];
    if (byte === undefined) throw new Error('not the state of a bitmap');
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, next };
    factor *= 128;
  }
};

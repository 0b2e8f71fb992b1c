/**
 * CityHash128 as ClickHouse checks its compressed blocks with: version 1.0.2 of Google's CityHash, whose results later versions changed.
 * No package has it. Written after the description of the algorithm in https://github.com/google/cityhash, tag 1.0.2.
 */
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const K3 = 0xc949d7c7509e6557n;
const MIX = 0x9ddfea08eb382d69n;

type Pair = [bigint, bigint];

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, by: bigint): bigint => u64((value >> by) | (value << (64n - by)));
const shiftMix = (value: bigint): bigint => value ^ (value >> 47n);

/** 16 bytes, as they stand in front of a block. */
export const cityHash128 = (bytes: Buffer): Buffer => {
  const [low, high] = hash(bytes);
  const written = Buffer.allocUnsafe(16);
  written.writeBigUInt64LE(low, 0);
  written.writeBigUInt64LE(high, 8);
  return written;
};

const hash = (bytes: Buffer): Pair => {
  const at = (offset: number): bigint => bytes.readBigUInt64LE(offset);
  const { length } = bytes;
  if (length >= 16) return withSeed(bytes.subarray(16), [at(0) ^ K3, at(8)]);
  if (length >= 8) return withSeed(bytes.subarray(length), [at(0) ^ u64(BigInt(length) * K0), at(length - 8) ^ K1]);
  return withSeed(bytes, [K0, K1]);
};

const withSeed = (bytes: Buffer, seed: Pair): Pair => {
  if (bytes.length < 128) return murmur(bytes, seed);
  const at = (offset: number): bigint => bytes.readBigUInt64LE(offset);
  let [x, y] = seed;
  let z = u64(BigInt(bytes.length) * K1);
  const first = u64(rotate(y ^ K1, 49n) * K1 + at(0));
  let v: Pair = [first, u64(rotate(first, 42n) * K1 + at(8))];
  let w: Pair = [u64(rotate(u64(y + z), 35n) * K1 + x), u64(rotate(u64(x + at(88)), 53n) * K1)];
  let start = 0;
  for (; bytes.length - start >= 128 || start % 128 !== 0; start += 64) {
    x = u64(rotate(u64(x + y + v[0] + at(start + 16)), 37n) * K1) ^ w[1];
    y = u64(rotate(u64(y + v[1] + at(start + 48)), 42n) * K1) ^ v[0];
    z = rotate(z ^ w[0], 33n);
    v = weak(bytes, start, u64(v[1] * K1), u64(x + w[0]));
    w = weak(bytes, start + 32, u64(z + w[1]), y);
    [x, z] = [z, x];
  }
  y = u64(y + rotate(w[0], 37n) * K0 + z);
  x = u64(x + rotate(u64(v[0] + z), 49n) * K0);
  // What is left, in chunks of 32 bytes from the end; the last may reach back into what was hashed already.
  for (let done = 32; done - 32 < bytes.length - start; done += 32) {
    const chunk = bytes.length - done;
    y = u64(rotate(u64(y - x), 42n) * K0 + v[1]);
    const sum = u64(w[0] + at(chunk + 16));
    x = u64(rotate(x, 49n) * K0 + sum);
    w = [u64(sum + v[0]), w[1]];
    v = weak(bytes, chunk, v[0], v[1]);
  }
  x = hash16(x, v[0]);
  y = hash16(y, w[0]);
  return [u64(hash16(u64(x + v[1]), w[1]) + y), hash16(u64(x + w[1]), u64(y + v[1]))];
};

/** Less than 128 bytes. */
const murmur = (bytes: Buffer, seed: Pair): Pair => {
  const at = (offset: number): bigint => bytes.readBigUInt64LE(offset);
  const { length } = bytes;
  let [a, b] = seed;
  let c: bigint;
  let d: bigint;
  if (length <= 16) {
    a = u64(shiftMix(u64(a * K1)) * K1);
    c = u64(b * K1 + upTo16(bytes));
    d = shiftMix(u64(a + (length >= 8 ? at(0) : c)));
  } else {
    c = hash16(u64(at(length - 8) + K1), a);
    d = hash16(u64(b + BigInt(length)), u64(c + at(length - 16)));
    a = u64(a + d);
    for (let start = 0; start < length - 16; start += 16) {
      a = u64((a ^ u64(shiftMix(u64(at(start) * K1)) * K1)) * K1);
      b ^= a;
      c = u64((c ^ u64(shiftMix(u64(at(start + 8) * K1)) * K1)) * K1);
      d ^= c;
    }
  }
  a = hash16(a, c);
  b = hash16(d, b);
  return [a ^ b, hash16(b, a)];
};

const upTo16 = (bytes: Buffer): bigint => {
  const { length } = bytes;
  const size = BigInt(length);
  if (length > 8) {
    const last = bytes.readBigUInt64LE(length - 8);
    return hash16(bytes.readBigUInt64LE(0), rotate(u64(last + size), size)) ^ last;
  }
  if (length >= 4) {
    const first = BigInt(bytes.readUInt32LE(0));
    return hash16(size + (first << 3n), BigInt(bytes.readUInt32LE(length - 4)));
  }
  if (length === 0) return K2;
  const [a = 0, b = 0, c = 0] = [bytes[0], bytes[length >> 1], bytes[length - 1]];
  return u64(shiftMix(u64(BigInt(a + b * 256) * K2) ^ u64(BigInt(length + c * 4) * K3)) * K2);
};

const hash16 = (low: bigint, high: bigint): bigint => {
  const a = shiftMix(u64((low ^ high) * MIX));
  return u64(shiftMix(u64((high ^ a) * MIX)) * MIX);
};

/** 32 bytes and two seeds. */
const weak = (bytes: Buffer, start: number, seedA: bigint, seedB: bigint): Pair => {
  const at = (offset: number): bigint => bytes.readBigUInt64LE(start + offset);
  const a = u64(seedA + at(0));
  const z = at(24);
  const sum = u64(a + at(8) + at(16));
  return [u64(sum + z), u64(rotate(u64(seedB + a + z), 21n) + rotate(sum, 44n) + a)];
};

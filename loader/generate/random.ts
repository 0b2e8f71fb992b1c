/** A source of numbers that a seed determines. */
export interface Random {
  /** At least 0 and below 1. */
  next(): number;
  /** A whole number, at least 0 and below `bound`. */
  below(bound: number): number;
}

/** Spreads a 32-bit number over all 32 bits (the finaliser of MurmurHash3). */
export const mix = (value: number): number => {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
};

/** The generator sfc32: small, fast and good. The same seed (a whole number) gives the same numbers for ever. */
export const seeded = (seed: number): Random => {
  let a = mix(seed);
  let b = mix(seed ^ 0x9e3779b9);
  let c = mix(Math.floor(seed / 2 ** 32) ^ 0x243f6a88);
  let counter = 1;
  const next32 = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let warm = 0; warm < 12; warm++) next32();
  return {
    next: () => next32() / 2 ** 32,
    below: (bound) => Math.floor((next32() / 2 ** 32) * bound),
  };
};

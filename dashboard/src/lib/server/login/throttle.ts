import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

/** So many attempts at once, then one more each time (ms) has gone by. */
export interface Pace {
  atOnce: number;
  everyMs: number;
}

export interface Paces {
  /** Each address. */
  each: Pace;
  /** Attempts of an address that wait for nobody else: strangers who try all the time do not lock the owner out. */
  unshared: Pace;
  /** All other attempts of all addresses together. */
  all: Pace;
}

const MOST_ADDRESSES = 10_000;

/**
 * Slows down who tries passwords: each address by itself, and all of them together, for those who have many. An IPv6
 * address counts with its /64, which is what one customer of a provider has. It counts in this process; each replica has its
 * own count.
 */
export class Throttle {
  readonly #paces: Paces;
  /** When all attempts so far will have been made up for. */
  readonly #each = new LRUCache<string, number>({ max: MOST_ADDRESSES });
  readonly #unshared = new LRUCache<string, number>({ max: MOST_ADDRESSES });
  #all = 0;

  constructor(paces: Paces) {
    this.#paces = paces;
  }

  /** Milliseconds until the next attempt from this address is allowed; 0: now, and it is counted. */
  take(address: string, now: number): number {
    const { each, unshared, all } = this.#paces;
    const group = groupOf(address);
    const until = Math.max(now, this.#each.get(group) ?? 0);
    const unsharedUntil = Math.max(now, this.#unshared.get(group) ?? 0);
    const allUntil = Math.max(now, this.#all);
    const isUnshared = waitOf(unshared, unsharedUntil - now) === 0;
    const wait = Math.max(waitOf(each, until - now), isUnshared ? 0 : waitOf(all, allUntil - now));
    if (wait > 0) return wait;
    this.#each.set(group, until + each.everyMs);
    if (isUnshared) this.#unshared.set(group, unsharedUntil + unshared.everyMs);
    else this.#all = allUntil + all.everyMs;
    return 0;
  }

  /** The attempt was the owner's: the address starts anew. */
  forgive(address: string): void {
    const group = groupOf(address);
    this.#each.delete(group);
    this.#unshared.delete(group);
  }
}

const waitOf = ({ atOnce, everyMs }: Pace, owed: number): number => Math.max(0, owed - (atOnce - 1) * everyMs);

/** Whose attempts count together: an IPv4 address, also where it is written as IPv6, or the /64 of an IPv6 address. */
export const groupOf = (address: string): string => {
  if (!ipaddr.isValid(address)) return address;
  // The kind says so: process() has made IPv4 of what is mapped.
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const bytes = parsed.toByteArray().slice(0, 8);
  return `${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}/64`;
};

/** Slots of the empty table, a power of two. */
const FIRST_SLOTS = 4096;

/**
 * Counts how often each content has stood in a file. It keeps 64 bits of each hash, 11 to 22 bytes a row, so that a file of
 * many millions of rows fits; a Map would take ten times that and ends at 16 million. Should two contents share those bits,
 * one of them is called the second of its kind: it has a key of its own all the same, and the same one in each load.
 */
export class Occurrences {
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #used = 0;
  /** By whole hash: contents that came again. There are few. */
  readonly #again = new Map<string, number>();

  /**
   * Which occurrence of a content this is, from 1.
   *
   * @param hash SHA-256 of the content, hex
   */
  next(hash: string): number {
    const low = Number.parseInt(hash.slice(0, 8), 16);
    // Odd, since a slot of zeros is a free one.
    const high = (Number.parseInt(hash.slice(8, 16), 16) | 1) >>> 0;
    if (this.#add(low, high)) return 1;
    const nth = (this.#again.get(hash) ?? 1) + 1;
    this.#again.set(hash, nth);
    return nth;
  }

  /** False when it is there already. */
  #add(low: number, high: number): boolean {
    const slots = this.#slots;
    const last = slots.length - 2;
    for (let at = (low * 2) & last; ; at = (at + 2) & last) {
      if (slots[at + 1] === 0) {
        slots[at] = low;
        slots[at + 1] = high;
        this.#used++;
        if (this.#used * 8 > slots.length * 3) this.#grow();
        return true;
      }
      if (slots[at] === low && slots[at + 1] === high) return false;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    this.#used = 0;
    for (let at = 0; at < old.length; at += 2) {
      const high = old[at + 1] ?? 0;
      if (high !== 0) this.#add(old[at] ?? 0, high);
    }
  }
}

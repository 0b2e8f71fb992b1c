/** Latencies kept for the percentiles of a status line; beyond that, later ones take the place of random earlier ones. */
const SAMPLES = 10_000;

/** What the tills did, for the status lines. */
export class Tally {
  posted = 0;
  replayed = 0;
  retried = 0;
  refused = 0;
  voided = 0;
  /** The last refusal, in words. */
  lastRefusal: string | undefined;
  #latencies: number[] = [];
  #seen = 0;

  /** Adds the latency of an answer, in milliseconds. */
  answered(latency: number): void {
    this.#seen++;
    if (this.#latencies.length < SAMPLES) this.#latencies.push(latency);
    else {
      const place = Math.floor(Math.random() * this.#seen);
      if (place < SAMPLES) this.#latencies[place] = latency;
    }
  }

  /** One line: counts since the start, latencies since the last line. */
  line(waiting: number): string {
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    const milliseconds = (value: number | undefined) => (value === undefined ? '-' : `${value.toFixed(1)} ms`);
    const text = [
      `${this.posted} posted`,
      `${this.replayed} replayed`,
      `${this.retried} retried`,
      `${this.refused} refused`,
      `${this.voided} voided`,
      `${waiting} waiting`,
      `p50 ${milliseconds(at(0.5))}`,
      `p95 ${milliseconds(at(0.95))}`,
    ].join(', ');
    this.#latencies = [];
    this.#seen = 0;
    return this.lastRefusal === undefined ? text : `${text}; last refusal: ${this.lastRefusal}`;
  }
}

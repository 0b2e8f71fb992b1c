/** Numbers are given before the commit: rows this far below the newest may still be about to appear. */
const LATE_ROWS = 2_000;
/** How often everything is looked through, at most; it takes no more than a twentieth of the time. */
const SWEEP_MS = 500;
const SWEEP_SHARE = 20;

/**
 * Above which number the next claim looks for rows. Deleted rows stay in the table until a vacuum, and longer while an
 * old transaction somewhere keeps them: a claim from the very beginning then walks over all of them. So it begins
 * shortly below what was claimed last, and a sweep from the beginning finds now and then what came back or came late.
 */
export class SearchWindow {
  #highest = 0;
  #nextSweep = 0;

  /** @param now milliseconds of a monotonic clock */
  next(now: number): number {
    return now >= this.#nextSweep ? 0 : Math.max(0, this.#highest - LATE_ROWS);
  }

  /** Tells what a claim from there has found. */
  looked(claim: { from: number; highest: number; isBacklog: boolean; tookMs: number; now: number }): void {
    if (claim.from > 0) {
      this.#highest = Math.max(this.#highest, claim.highest);
      return;
    }
    this.#nextSweep = claim.now + Math.max(SWEEP_MS, claim.tookMs * SWEEP_SHARE);
    // A sweep that was cut short goes on where it ended, however far above the relay has been before.
    this.#highest = claim.isBacklog ? claim.highest : Math.max(this.#highest, claim.highest);
  }
}

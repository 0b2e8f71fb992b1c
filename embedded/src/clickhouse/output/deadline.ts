/** What becomes of a query that does not end. Times are in milliseconds. */
export interface Deadline {
  /** Absent: it may take as long as it likes. */
  limitMs: number | undefined;
  /** So long after its deadline it is taken for one that nothing ends but the end of the process. */
  stuckMs: number;
  /** Asks the engine to end it, again each second: it hears between blocks of rows only, and not within a function. */
  kill: () => void;
  /** Called once, at the deadline: the client is answered without it. */
  late: () => void;
  /** Called when it is stuck. */
  stuck: () => void;
}

const KILL_AGAIN_MS = 1_000;

/** Watches a query until the function it gives back is called. */
export function watchDeadline({ limitMs, stuckMs, kill, late, stuck }: Deadline): () => void {
  if (limitMs === undefined) return () => {};
  let again: NodeJS.Timeout | undefined;
  let last: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    again = setInterval(kill, KILL_AGAIN_MS);
    last = setTimeout(stuck, stuckMs);
    kill();
    late();
  }, limitMs);
  return () => {
    for (const timer of [first, again, last]) clearTimeout(timer);
  };
}

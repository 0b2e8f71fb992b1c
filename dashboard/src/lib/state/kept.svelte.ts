import type { PageAnswer } from '../figures/page-answer.ts';

/** How long a page rests between two looks. */
const EVERY_MS = 12_000;
/** The same after a failed one. */
const AGAIN_MS = 4_000;
const TIMEOUT_MS = 12_000;

/** Figures of a page with their age: the last good ones stay through a failed or slow refresh. */
export class Kept<T, P = undefined> {
  figures = $state.raw<T>();
  /** Parts with an age of their own; the server keeps their last good values. */
  parts = $state.raw() as P;
  /** When they were read, on the server's clock (ms). */
  readAt = $state<number | null>(null);
  /** Whether the newest attempt to refresh them succeeded. */
  ok = $state(true);
  /** The server's clock, by the second. */
  now = $state(0);
  #key = '';
  #clockAhead = 0;

  constructor(first: PageAnswer<T, P>) {
    this.take(first);
    this.now = Date.parse(first.server_time);
  }

  /** Takes an answer over; one without figures leaves those there are, if they are about the same. */
  take(answer: PageAnswer<T, P>): void {
    if (answer.key !== this.#key) {
      this.#key = answer.key;
      this.figures = undefined;
      this.readAt = null;
    }
    this.#clockAhead = Date.parse(answer.server_time) - Date.now();
    this.ok = answer.ok;
    this.parts = answer.parts;
    if (answer.figures === undefined) return;
    this.figures = answer.figures;
    this.readAt = answer.read_at === null ? null : Date.parse(answer.read_at);
  }

  /** Refreshes while the page is visible, each time some seconds after the last answer. Returns how to stop. */
  follow(): () => void {
    let stopped = false;
    let next: ReturnType<typeof setTimeout> | undefined;
    const arm = (ms: number) => {
      clearTimeout(next);
      if (!stopped && !document.hidden) next = setTimeout(look, ms);
    };
    const look = async () => {
      const key = this.#key;
      try {
        const response = await fetch(location.href, {
          headers: { accept: 'application/json' },
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        // The session is over: the page loads anew, which asks to log in and leads back here.
        if (response.status === 401) location.reload();
        if (!response.ok) throw new Error(`${response.status}`);
        // Our own server's answer, of the same build.
        const answer = (await response.json()) as PageAnswer<T, P>;
        if (!stopped && key === this.#key && answer.key === key) this.take(answer);
      } catch {
        if (!stopped && key === this.#key) this.ok = false;
      }
      arm(this.ok ? EVERY_MS : AGAIN_MS);
    };
    const onVisibility = () => (document.hidden ? clearTimeout(next) : arm(0));
    const tick = setInterval(() => {
      if (!document.hidden) this.now = Date.now() + this.#clockAhead;
    }, 1_000);
    document.addEventListener('visibilitychange', onVisibility);
    arm(EVERY_MS);
    return () => {
      stopped = true;
      clearTimeout(next);
      clearInterval(tick);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }
}

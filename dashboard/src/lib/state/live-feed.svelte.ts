import { untrack } from 'svelte';
import type { Figures, LiveMessage, Pipeline } from '../figures/figures.ts';

/** The server sends a heartbeat every 10 s; after this long without a word the stream is taken for dead. */
const SILENCE_MS = 25_000;
const RETRY_MS = 2_000;
/** How long a purchase that has just come is marked as new. */
const NEW_MS = 6_000;

/** What the page knows and how it stays true: rendered by the server, then kept up by the live stream. */
export class LiveFeed {
  figures = $state.raw<Figures>();
  pipeline = $state.raw<Pipeline>({ waiting: null, waiting_since: null, uncounted: null, books: null, sealer: null });
  /** Ids of the purchases that came while the page was open. */
  fresh = $state.raw<ReadonlySet<string>>(new Set());
  /** When the figures were last known to be the newest, on the server's clock. */
  checkedAt = $state<number | null>(null);
  /** The server's clock, by the second. */
  now = $state(0);
  #databaseOk = $state(true);
  #connected = $state(true);
  #clockAhead = 0;
  #heardAt = 0;
  #stream: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(first: LiveMessage) {
    this.now = Date.parse(first.server_time);
    this.take(first);
  }

  /** Whether the figures are the newest there are. */
  get ok(): boolean {
    return this.#databaseOk && this.#connected;
  }

  /**
   * Takes a message over, unless what is known is newer. An effect that calls it does not follow what it looks at:
   * each newer message would bring the effect's own back.
   */
  take(message: LiveMessage): void {
    untrack(() => this.#take(message));
  }

  #take(message: LiveMessage): void {
    const sent = Date.parse(message.server_time);
    this.#clockAhead = sent - Date.now();
    const checkedAt = message.checked_at === null ? null : Date.parse(message.checked_at);
    if (message.figures !== undefined && (checkedAt ?? 0) >= (this.checkedAt ?? 0)) this.#show(message.figures);
    this.pipeline = message.pipeline;
    this.#databaseOk = message.ok;
    if (checkedAt !== null) this.checkedAt = Math.max(checkedAt, this.checkedAt ?? 0);
  }

  #show(figures: Figures): void {
    const before = this.figures;
    this.figures = figures;
    if (before === undefined) return;
    const seen = new Set(before.last_purchases.map(({ id }) => id));
    const came = figures.last_purchases.map(({ id }) => id).filter((id) => !seen.has(id));
    if (came.length === 0) return;
    this.fresh = new Set([...this.fresh, ...came]);
    setTimeout(() => {
      this.fresh = new Set([...this.fresh].filter((id) => !came.includes(id)));
    }, NEW_MS);
  }

  /**
   * Follows the stream while the page is visible. `lost` is called when the server refused it, before it is tried
   * again. Returns how to stop; for the browser only.
   */
  follow(url: string, lost: () => Promise<unknown>): () => void {
    const open = () => {
      clearTimeout(this.#retry);
      this.#stream?.close();
      this.#heardAt = Date.now();
      const stream = new EventSource(url);
      this.#stream = stream;
      stream.onmessage = (event: MessageEvent<string>) => {
        this.#connected = true;
        this.#heardAt = Date.now();
        // Our own server's message, of the same build.
        this.take(JSON.parse(event.data) as LiveMessage);
      };
      stream.onerror = () => {
        this.#connected = false;
        // A lost connection is opened again by the browser, a refused one is not.
        if (stream.readyState !== EventSource.CLOSED) return;
        clearTimeout(this.#retry);
        this.#retry = setTimeout(
          () =>
            lost()
              .catch(() => {})
              .finally(() => this.#stream === stream && open()),
          RETRY_MS,
        );
      };
    };
    const close = () => {
      clearTimeout(this.#retry);
      this.#stream?.close();
      this.#stream = undefined;
    };
    const onVisibility = () => {
      if (document.hidden) close();
      else if (this.#stream === undefined) open();
    };
    const tick = setInterval(() => {
      this.now = Date.now() + this.#clockAhead;
      if (this.#stream !== undefined && Date.now() - this.#heardAt > SILENCE_MS) {
        this.#connected = false;
        open();
      }
    }, 1_000);
    document.addEventListener('visibilitychange', onVisibility);
    onVisibility();
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      clearInterval(tick);
      close();
    };
  }
}

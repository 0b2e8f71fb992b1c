import https from 'node:https';

export interface Answer {
  status: number;
  text: string;
  headers: Record<string, string | string[] | undefined>;
}

/** What a request carries besides its path. */
export interface Ask {
  body?: string;
  /** The idempotency key. */
  key?: string;
  timeoutMs?: number;
  /** Without the API key. */
  anonymous?: boolean;
  headers?: Record<string, string>;
}

/** HTTPS to the proxy, trusting its certificate and no other. */
export class Client {
  readonly url: string;
  readonly #agent: https.Agent;
  readonly #key: string | undefined;

  /** @param key of the API, where keys are on */
  constructor(url: string, ca: string, key: string | undefined) {
    this.url = url;
    this.#agent = new https.Agent({ ca, keepAlive: true, maxSockets: 128 });
    this.#key = key;
  }

  /** One request, one answer; throws when there is none within the time. */
  ask(method: string, path: string, options: Ask = {}): Promise<Answer> {
    const { body, key, timeoutMs = 5_000, anonymous = false, headers } = options;
    return new Promise((resolve, reject) => {
      const request = https.request(new URL(path, this.url), {
        method,
        agent: this.#agent,
        headers: {
          ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
          ...(key !== undefined && { 'Idempotency-Key': key }),
          ...(!anonymous && this.#authorization),
          ...headers,
        },
      });
      const late = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs);
      request.on('error', (error) => {
        clearTimeout(late);
        reject(error);
      });
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () => {
          clearTimeout(late);
          resolve({ status: response.statusCode ?? 0, text, headers: response.headers });
        });
      });
      request.end(body);
    });
  }

  get #authorization(): Record<string, string> {
    return this.#key === undefined ? {} : { Authorization: `Bearer ${this.#key}` };
  }

  /** The JSON of a GET that must answer 200. */
  async json(path: string): Promise<unknown> {
    const { status, text } = await this.ask('GET', path);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text.slice(0, 200)}`);
    return JSON.parse(text);
  }

  /**
   * Listens to a stream of events until stopped; connects again when it breaks, as a browser does.
   *
   * @param onEvent called for each chunk that arrives
   */
  stream(path: string, onEvent: () => void): { stop: () => void; connections: () => number } {
    let stopped = false;
    let connections = 0;
    let current: ReturnType<typeof https.get> | undefined;
    const connect = () => {
      if (stopped) return;
      const again = () => {
        if (!stopped) setTimeout(connect, 500);
      };
      current = https.get(new URL(path, this.url), {
        agent: this.#agent,
        headers: { Accept: 'text/event-stream', ...this.#authorization },
      });
      current.on('response', (response) => {
        connections += 1;
        response.on('data', onEvent);
        response.on('close', again);
      });
      current.on('error', again);
    };
    connect();
    return {
      stop: () => {
        stopped = true;
        current?.destroy();
      },
      connections: () => connections,
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}

import '../without-eval.ts';
import { problem } from '@tillstream/schemas/api';
import { z } from 'zod';

const state = z.object({ names: z.array(z.string()), signed_in: z.string().nullable() });
const signedIn = z.object({ sign_in: z.string(), name: z.string() });
const kept = signedIn.extend({ branch: z.string() });

const KEPT = 'tillstream.till.sign-in';
const TIMEOUT_MS = 10_000;

/**
 * Who stands at this till. To be made once with the till's page; `follow` at the start, with every change of branch, and now and then
 * while the network is there.
 *
 * What is promised: who is signed in stays so over a reload, an empty battery and while the network is away, until they sign out, or
 * the server says that they were ended or got another PIN. A PIN is checked by the server alone: nobody signs in without the network.
 *
 * A sale or a return keeps the token it was made under (`token`, with the sale in the browser's storage) and is sent with the header
 * `Till-Sign-In: <token>`, also after a sign-out: the server takes the cashier from it. 401 of kind `sign-in`: nobody was signed in when
 * it was made; it waits for a sign-in.
 */
export class Cashier {
  /** Who may sign in at this branch. Nobody: no sign-in is asked for. */
  names = $state.raw<readonly string[]>([]);
  name = $state<string>();
  token: string | undefined;
  /** What the server said against the last attempt. */
  fault = $state('');
  #branch = '';

  /** Whether nobody may sell here before a cashier has signed in. */
  get isNeeded(): boolean {
    return this.names.length > 0 && this.name === undefined;
  }

  /** Asks who may sign in, and whether who is signed in still is. While the network is away everything stays as it is. */
  async follow(branch: string): Promise<void> {
    if (branch !== this.#branch) this.#read(branch);
    if (branch === '') return;
    try {
      const response = await fetch(`/till/sign-in?branch=${encodeURIComponent(branch)}`, {
        headers: this.token === undefined ? {} : { 'till-sign-in': this.token },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) return;
      const found = state.parse(await response.json());
      if (branch !== this.#branch) return;
      this.names = found.names;
      if (found.signed_in === null && this.token !== undefined) this.#forget();
    } catch {
      // The network is away.
    }
  }

  /** Signs in with a PIN. What is wrong is in `fault` then. */
  async signIn(name: string, pin: string, away: string): Promise<void> {
    const branch = this.#branch;
    try {
      const response = await fetch('/till/sign-in', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ branch_id: branch, name, pin }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const answer: unknown = await response.json();
      if (response.status === 201) {
        const found = signedIn.parse(answer);
        localStorage.setItem(KEPT, JSON.stringify({ ...found, branch }));
        this.#read(branch);
        this.fault = '';
      } else this.fault = problem.safeParse(answer).data?.detail ?? away;
    } catch {
      this.fault = away;
    }
  }

  /** Signs out here at once, and on the server when it can be reached. */
  async signOut(): Promise<void> {
    const { token } = this;
    this.#forget();
    if (token === undefined) return;
    await fetch('/till/sign-in', {
      method: 'DELETE',
      headers: { 'till-sign-in': token },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => undefined);
  }

  #read(branch: string): void {
    this.#branch = branch;
    const found = kept.safeParse(parse(localStorage.getItem(KEPT)));
    const holds = found.success && found.data.branch === branch;
    this.name = holds ? found.data.name : undefined;
    this.token = holds ? found.data.sign_in : undefined;
  }

  #forget(): void {
    localStorage.removeItem(KEPT);
    this.name = undefined;
    this.token = undefined;
  }
}

const parse = (text: string | null): unknown => {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
};

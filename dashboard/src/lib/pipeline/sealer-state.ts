import type { Sealer } from '../figures/figures.ts';

/** The proof of everything is spread over a minute: one this old is overdue. */
const OLD_PROOF_MS = 5 * 60_000;
/** The horizon is the start of the running quarter of an hour: one this far back is overdue. */
const FAR_BEHIND_MS = 30 * 60_000;

/** How old the last proof is and how far the horizon lies back (ms); undefined for what never happened. */
export interface SealerState {
  proofAge: number | undefined;
  behind: number | undefined;
  overdue: 'proof' | 'horizon' | undefined;
}

/** Whether the sealer does its work. Figures are right without it, but they get slower, and what arrives late is missing. */
export const sealerState = ({ proved_at, sealed_until }: Sealer, now: number): SealerState => {
  const age = (moment: string | null) => (moment === null ? undefined : Math.max(0, now - Date.parse(moment)));
  const [proofAge, behind] = [age(proved_at), age(sealed_until)];
  const late = (value: number | undefined, limit: number) => value === undefined || value > limit;
  const overdue = late(behind, FAR_BEHIND_MS) ? 'horizon' : late(proofAge, OLD_PROOF_MS) ? 'proof' : undefined;
  return { proofAge, behind, overdue };
};

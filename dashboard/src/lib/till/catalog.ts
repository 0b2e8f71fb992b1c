import './without-eval.ts';
import { branchesResponse, productsResponse } from '@tillstream/schemas/api';
import { z } from 'zod';

/** What a till can sell and where, and how much of it; kept in the browser. */
export const catalog = z.object({
  ...productsResponse.shape,
  ...branchesResponse.shape,
  /** MAX_QUANTITY_PER_PRODUCT. */
  max_quantity: z.number().int(),
  server_time: z.string(),
});
export type Catalog = z.output<typeof catalog>;

/** Who may sign in at a till of a branch; nobody: no sign-in is asked for. */
export const signInState = z.object({ names: z.array(z.string()), signed_in: z.string().nullable() });

/** Who sells. `sign_in` where the server knows them by a PIN. */
export const cashier = z.object({ name: z.string(), sign_in: z.string().optional() });
export type Cashier = z.output<typeof cashier>;

import { newTill, type tillResponse } from '@tillstream/schemas/api';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Database } from '../../postgres/database.ts';
import { repeated } from '../../postgres/repeat.ts';
import { readBody } from '../http/body.ts';
import { ProblemError } from '../http/problems.ts';
import { requireBranch } from '../keys/caller.ts';

const row = z.object({ number: z.number(), is_new: z.boolean() });

/** `POST /v1/branches/{branch_id}/tills`: a number of its own in the branch for a device; again: the same. */
export const registerTill =
  (db: Database): RequestHandler =>
  async (request, response) => {
    const { device } = readBody(newTill, request.body);
    const branch_id = z.string().max(64).safeParse(request.params.branch_id).data ?? '';
    requireBranch(response, branch_id);
    const { rows } = await repeated(() =>
      db.query({
        name: 'register_till',
        text: 'select number, is_new from register_till($1, $2)',
        values: [branch_id, device],
      }),
    );
    if (rows[0] === undefined) throw new ProblemError('not-found', 'there is no such branch');
    const { number, is_new } = row.parse(rows[0]);
    const till: z.input<typeof tillResponse> = { branch_id, till_number: number, device: device.toLowerCase() };
    response
      .status(is_new ? 201 : 200)
      .set('Location', `/v1/branches/${encodeURIComponent(branch_id)}`)
      .json(till);
  };

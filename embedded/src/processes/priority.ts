import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Linux lets an ordinary user change one such number in 100 ms. */
const AGAIN_AFTER_MS = 110;
const ATTEMPTS = 20;

/**
 * How far the session of a process steps back when the processor is scarce: 0 (not) to 19. Linux shares it out between
 * sessions (autogroups) first, and each part is one of its own. Where there are none, nothing changes.
 */
export const setNice = async (pid: number, nice: number): Promise<void> => {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      return await writeFile(`/proc/${pid}/autogroup`, String(nice), { flag: 'r+' });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
      await delay(AGAIN_AFTER_MS);
    }
  }
};

// A step of the installation is done by one process at a time, however many are started in the same tree.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 200;

/**
 * Runs `work` while this process alone holds the lock, a file. While another process holds it, this one waits and says
 * so; a lock whose process is gone is taken over.
 */
export const alone = async (lock, what, work) => {
  mkdirSync(path.dirname(lock), { recursive: true });
  // Written aside and linked: nobody ever sees half a lock, and only one of several links it.
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, `${process.pid} ${startMoment(process.pid)}`);
  let told = false;
  while (!linked(mine, lock)) {
    const holder = read(lock);
    if (holder !== undefined && !isAlive(holder)) {
      takeAway(lock, holder, mine);
      continue;
    }
    if (!told && holder !== undefined) {
      console.log(`Waiting for ${what}, which process ${holder.split(' ')[0]} brings …`);
      told = true;
    }
    await sleep(LOOK_EVERY_MS);
  }
  rmSync(mine);
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
};

const linked = (file, lock) => {
  try {
    linkSync(file, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
};

/** Removes the lock of a process that is gone, unless another has done so and holds its own by now: that one goes back. */
const takeAway = (lock, holder, mine) => {
  const aside = `${mine}.old`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (read(aside) !== holder) linked(aside, lock);
  rmSync(aside);
};

const isAlive = (holder) => {
  const [pid, started] = holder.split(' ');
  return startMoment(pid) === started;
};

/**
 * Field 22 of /proc/PID/stat, with which a process id that another program got since is not taken for the first one's;
 * as text, `undefined` for a process that is gone.
 */
const startMoment = (pid) => {
  const stat = read(`/proc/${pid}/stat`) ?? '';
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return String(state === 'Z' ? undefined : rest[18]);
};

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

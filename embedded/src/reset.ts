import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { settingsOrExit } from '@tillstream/schemas/settings';
import { z } from 'zod';
import { ProcessList } from './processes/processes.ts';

/** `npm run reset [-- --yes]`: asks, then empties the state folder. Refuses while Tillstream runs on it. */
const settings = settingsOrExit({ TILLSTREAM_DATA: z.string().default('.tillstream') });
const folder = path.resolve(settings.TILLSTREAM_DATA);

const fail = (line: string): never => {
  console.error(line);
  process.exit(1);
};

const options = process.argv.slice(2);
if (options.some((option) => option !== '--yes')) {
  fail('usage: npm run reset [-- --yes]   (TILLSTREAM_DATA names another folder)');
}

if (!existsSync(folder)) {
  console.log(`${folder} is not there: nothing to empty.`);
  process.exit(0);
}
// Only what Tillstream made is emptied, never a folder that the setting names by mistake.
if (!existsSync(path.join(folder, 'logs'))) fail(`${folder} is not a state folder of Tillstream`);
const processes = new ProcessList(folder);
const running = processes.runningParent();
if (running !== undefined) fail(`Tillstream runs on ${folder} (process ${running}): stop it first`);

if (options.length === 0) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Delete all purchases, figures and logs in ${folder}? Type yes: `);
  terminal.close();
  if (answer.trim() !== 'yes') fail('Nothing was deleted.');
}
await processes.stopLeftovers();
rmSync(folder, { recursive: true, force: true });
console.log(`${folder} is empty.`);

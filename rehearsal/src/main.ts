/**
 * `npm run rehearse`: brings docker-compose.yml up and does to it what operators and accidents do: loads, sells, scales, rolls, crashes,
 * takes it down and up, restores a backup into an empty stack. After each step every figure is held against the sales
 * that were answered. `-- --keep` leaves the stack standing.
 */
import { WORK, works } from './command.ts';
import { buildOurs, provideImages } from './images.ts';
import { Rehearsal } from './rehearsal.ts';

if (!(await works('docker', ['info']))) {
  console.error('The rehearsal needs Docker: start its daemon (dockerd) and try again');
  process.exit(1);
}
const keep = process.argv.includes('--keep');
const began = performance.now();
let stoodIn: string[] = [];
const rehearsal = await Rehearsal.prepare();
try {
  await rehearsal.step('images at hand', async () => {
    stoodIn = await provideImages();
    return `${stoodIn.length} of 6 official ones stood in for`;
  });
  await rehearsal.step('our images built', async () => {
    const sizes = await buildOurs();
    return sizes.map(({ image, mb }) => `${image} adds ${mb} MB to its base`).join(', ');
  });
  await rehearsal.all();
  for (const line of stoodIn) console.log(`  ${line}`);
  console.log(`The rehearsal passed in ${Math.round((performance.now() - began) / 1000)} s`);
} catch (error) {
  console.error(error instanceof Error ? error.stack : error);
  // Before the containers go: what they said, for who looks for the reason.
  await works(...rehearsal.stack.logs());
  console.error(`The rehearsal FAILED; what the commands printed stands in ${WORK}/commands.log`);
  process.exitCode = 1;
} finally {
  if (!keep) await rehearsal.end();
  else console.log(`Kept: project ${rehearsal.stack.project}, ${rehearsal.stack.url}`);
}

import { parseArgs } from 'node:util';
import { passwordFault, pinFault } from '@tillstream/schemas/credentials/password';
import { ROLES } from '@tillstream/schemas/values/choices';
import { connectAsOperator, explainToOperator, minute } from '../postgres/operator.ts';
import { readSecrets } from './read-secret.ts';
import { addUser, endUser, listUsers, setSecrets } from './users.ts';

const USAGE = `npm run users -- add NAME --role owner|manager|cashier [--branch SMKT001,SMKT002] [--password] [--pin]
npm run users -- set NAME [--password] [--pin]
npm run users -- list
npm run users -- end NAME
Passwords and PINs are asked for unseen, or piped in, a line each: the password first.
Without --password and --pin a cashier gets a PIN, others a password.`;

const db = connectAsOperator('users');

const secretsOf = (name: string, wanted: { password: boolean; pin: boolean }) =>
  readSecrets([
    ...(wanted.password ? [{ name: 'password', what: `password of ${name}`, fault: passwordFault }] : []),
    ...(wanted.pin ? [{ name: 'pin', what: `PIN of ${name}`, fault: pinFault }] : []),
  ]);

const list = async (): Promise<void> => {
  const users = await listUsers(db, { ended: true });
  console.table(
    users.map((user) => ({
      name: user.name,
      role: user.role,
      branches: user.role === 'owner' ? 'all' : user.branch_ids.join(','),
      password: user.has_password ? 'yes' : '',
      pin: user.pin_locked ? 'locked' : user.has_pin ? 'yes' : '',
      made: minute(user.created_at),
      ended: minute(user.ended_at),
    })),
  );
};

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      role: { type: 'string' },
      branch: { type: 'string' },
      password: { type: 'boolean', default: false },
      pin: { type: 'boolean', default: false },
    },
  });
  const [command = '', name, ...others] = positionals;
  const wanted = { password: values.password, pin: values.pin };
  const isPlain = values.role === undefined && values.branch === undefined;
  // What a command would pass over is not taken silently: somebody meant something by it.
  if (others.length > 0 || (command === 'list') !== (name === undefined)) throw new Error(USAGE);
  if (command !== 'add' && !isPlain) throw new Error(USAGE);
  if (['list', 'end'].includes(command) && (wanted.password || wanted.pin)) throw new Error(USAGE);
  if (command === 'list') await list();
  else if (command === 'add' && name !== undefined) {
    const role = ROLES.find((known) => known === values.role);
    if (role === undefined) throw new Error(`--role must be one of ${ROLES.join(', ')}\n${USAGE}`);
    if (!wanted.password && !wanted.pin) wanted[role === 'cashier' ? 'pin' : 'password'] = true;
    const branch_ids = (values.branch ?? '').split(',').filter((each) => each !== '');
    await addUser(db, { name, role, branch_ids, ...(await secretsOf(name, wanted)) });
    console.log(`${name} is made: ${role}${role === 'owner' ? '' : ` of ${branch_ids.join(', ')}`}.`);
  } else if (command === 'set' && name !== undefined && (wanted.password || wanted.pin)) {
    await setSecrets(db, name, await secretsOf(name, wanted));
    console.log(`It is set. Whoever was in as ${name} with the former one is out within seconds.`);
  } else if (command === 'end' && name !== undefined) {
    await endUser(db, name);
    console.log(`${name} is ended: every session and every sign-in at a till is over within seconds.`);
  } else throw new Error(USAGE);
} catch (error) {
  console.error(explainToOperator(error));
  process.exitCode = 1;
} finally {
  await db.end();
}

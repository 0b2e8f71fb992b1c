#!/usr/bin/env node
// `npm start`: installs what is missing, then hands over to the TypeScript part. Plain JavaScript, without
// dependencies, because there may be none yet.
import { installAll, runTypeScript } from './install.mjs';

await installAll();
await runTypeScript('embedded/src/main.ts', process.argv.slice(2));

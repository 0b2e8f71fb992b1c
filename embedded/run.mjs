#!/usr/bin/env node
// Runs a TypeScript entry point of the workspace after installing what it needs: node embedded/run.mjs FILE [ARG…]
import { installPackages, runTypeScript } from './install.mjs';

const [entry, ...args] = process.argv.slice(2);
await installPackages();
await runTypeScript(entry, args);

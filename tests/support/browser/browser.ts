import { existsSync } from 'node:fs';
import sparticuz from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

const INSTALLED = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

/** Chromium says nothing to anybody outside: tests need loopback alone. */
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

/** The program of the browser: the Chromium of this machine, else the one that npm brings. */
export const browserFile = async (): Promise<string> =>
  INSTALLED.find((file) => file && existsSync(file)) ?? sparticuz.executablePath();

/** A headless browser that tests drive. */
export const launchBrowser = async (): Promise<Browser> => {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const executablePath = await browserFile();
  return chromium.launch({ executablePath, args: [...QUIET, ...sandbox] });
};

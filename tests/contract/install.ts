import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPython } from '../support/python.ts';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** Schemathesis, as `requirements.txt` pins it, in a Python environment inside the folder. @returns the program */
export const installTester = (folder: string): string => {
  console.log('Installing Schemathesis, unless it is there …');
  return path.join(installPython(folder, REQUIREMENTS), 'schemathesis');
};

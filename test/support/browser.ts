import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const PROGRAM = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => ['chromium', 'google-chrome'].map((name) => join(folder, name)))
  .find(isExecutable);

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether there is a Chromium; suites that need one are skipped where there is none, and on CI nothing may skip. */
export const browserAvailable = PROGRAM !== undefined;

/** A headless one, which only its caller closes. */
export function startBrowser(): Promise<Browser> {
  // Its sandbox does not run as root; what it is shown is a page of our own.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: PROGRAM!, args });
}

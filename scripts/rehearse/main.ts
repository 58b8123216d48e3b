// A release on a laptop: npm run rehearse -- --old HEAD~1 --new HEAD
import { shutdownRequest } from '../local/shutdown.ts';
import { fail, note, say } from '../local/terminal.ts';
import { readArguments, USAGE } from './arguments.ts';
import { figuresTable } from './figures-table.ts';
import { Misuse } from './misuse.ts';
import { rehearse } from './rehearsal.ts';

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (options === undefined) return say(USAGE);
  const { verdict, succeeded, figures, warnings } = await rehearse({ ...options, say: note });
  say(figuresTable(figures));
  for (const warning of warnings) say(`warning: ${warning}`);
  say(verdict);
  if (!succeeded) process.exitCode = 1;
}

const interrupted = shutdownRequest().then(() => Promise.reject(new Error('interrupted')));
await Promise.race([main(), interrupted]).catch((error) => {
  fail(error);
  if (error instanceof Misuse) process.exitCode = 2;
  process.exit(); // what runs on is of no use any more, and owned processes end with this one
});
// Whatever still listens for a request to end.
process.exit();

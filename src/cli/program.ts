import { Command, CommanderError } from 'commander';
import { reasonOf } from '../base/errors.ts';
import { PACKAGE_VERSION } from '../base/package-version.ts';
import { doctorCommand } from './doctor/doctor-command.ts';
import { hotCommand } from './hot/hot-command.ts';
import { ringCommand } from './ring/ring-command.ts';
import { paletteOf } from './screen/palette.ts';
import { printable } from './screen/printable.ts';
import { simulateCommand } from './simulate/simulate-command.ts';
import { topCommand } from './top/top-command.ts';
import { CommandFailure, EXIT, Found, type World } from './world.ts';

/** Carries out one command line, without the program's name, and gives the exit code. Never throws. */
export async function run(words: readonly string[], world: World): Promise<number> {
  const program = programOf(world);
  try {
    await program.parseAsync(words, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.misuse;
    // Whoever stopped it knows that it failed.
    if (world.interrupted.aborted) return EXIT.interrupted;
    if (error instanceof Found) return EXIT.failure;
    const { bold } = paletteOf(world.stderr, world.environment);
    world.stderr.write(`${bold('smearcache:')} ${printable(reasonOf(error))}\n`);
    return error instanceof CommandFailure ? error.exitCode : EXIT.failure;
  }
}

function programOf(world: World): Command {
  const program = new Command('smearcache')
    .description(
      "The operator's tool of smearcache: where keys are, which are hot, and whether a cluster is fit.",
    )
    .version(PACKAGE_VERSION, '-V, --version')
    .showHelpAfterError('(smearcache help lists the commands; add --help to one for its options)')
    .showSuggestionAfterError();
  for (const command of [topCommand, hotCommand, ringCommand, simulateCommand, doctorCommand])
    program.addCommand(command(world));
  for (const command of withinOf(program)) quietly(command, world);
  return program;
}

/** Commander would end the process and write to its streams by itself. */
function quietly(command: Command, { stdout, stderr }: World): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => void stdout.write(text),
    writeErr: (text) => void stderr.write(text),
    getOutHelpWidth: () => stdout.columns ?? 100,
    getErrHelpWidth: () => stderr.columns ?? 100,
    outputError: (text, write) => write(`smearcache: ${text.replace(/^error: /, '')}`),
  });
}

function withinOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withinOf)];
}

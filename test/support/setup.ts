// Runs once before all tests: on CI what the tests need is installed, so that nothing skips there.
import { execFileSync, spawnSync } from 'node:child_process';

/** Debian's packages of what the integration tests talk to, and look at pages and screens with. */
const PACKAGES = ['memcached', 'libmemcached-tools', 'chromium', 'tmux'];
/** Debian calls memcapable `memccapable`; any of these browsers will do. */
const PROGRAMS = [['memcached'], ['memccapable'], ['chromium', 'google-chrome'], ['tmux']];

export const INSTALL_COMMAND = `sudo apt-get install ${PACKAGES.join(' ')}`;

export function setup(): void {
  if (process.env.CI !== 'true' || PROGRAMS.every((names) => names.some(onPath))) return;
  const root = process.getuid?.() === 0;
  if (!root && spawnSync('sudo', ['-n', 'true']).status !== 0) return;
  const apt = root ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  for (const step of [
    ['update', '-qq'],
    ['install', '-y', '-qq', ...PACKAGES],
  ]) {
    const [program, ...words] = [...apt, ...step];
    execFileSync(program!, words, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
}

function onPath(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

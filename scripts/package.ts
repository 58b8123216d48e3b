// `npm run package`: builds the package apart from the checkout, checks it, and leaves its tarball here.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { findingsIn } from './packaging/check.ts';
import { pack, ROOT, stagePackage } from './packaging/stage.ts';

const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
const source = server && repository ? `git+${server}/${repository}.git` : undefined;

const folder = join(ROOT, '.local/package');
const tarball = pack(folder, stagePackage(folder, source), ROOT);
const findings = await findingsIn(tarball);
for (const finding of findings) process.stderr.write(`${finding}\n`);
if (findings.length > 0) process.exit(1);
process.stdout.write(`${tarball}: ${Math.ceil(statSync(tarball).size / 1024)} kB\n`);

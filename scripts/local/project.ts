import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this repository, wherever a command is started. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** What local runs leave on the disk, ignored by git. */
export const LOCAL_DIRECTORY = path.join(PROJECT, '.local');

export const DEFAULT_TEMPLATE = path.join(PROJECT, 'template.yaml');
export const SEED_FILE = path.join(PROJECT, 'handlers', 'catalogue.json');

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { reasonOf } from '../../base/errors.ts';
import { plural } from '../screen/figures.ts';
import { CommandFailure, type World } from '../world.ts';

type InputWorld = Pick<World, 'stdin' | 'interrupted'>;

export interface LogShape {
  /** From 1; without, the whole line is the key. */
  readonly column?: number;
  readonly delimiter: string;
}

/** Counts the keys of an access log, line by line. `file` is a path; `-` is the standard input. */
export function countLog(
  file: string,
  { column, delimiter }: LogShape,
  world: InputWorld,
): Promise<Map<string, number>> {
  const wanted =
    column === undefined ? 'a key' : `a field ${column}, by the delimiter ${JSON.stringify(delimiter)}`;
  return gather(file, wanted, world, (line) => {
    const key = column === undefined ? line : fieldsOf(line, delimiter)[column - 1];
    return key === undefined || key === '' ? undefined : [key, 1];
  });
}

/** Reads `key count` lines, parted by white space, a comma or a semicolon. A line without a count is a heading. */
export function readCounts(file: string, world: InputWorld): Promise<Map<string, number>> {
  return gather(file, 'the form `key count`', world, (line) => {
    const match = /^(.*\S)[\s,;]+(\d+)\s*$/.exec(line);
    if (match === null) return undefined;
    const key = match[1]!.replace(/[\s,;]+$/, '');
    return key === '' ? undefined : [unquoted(key), Number(match[2])];
  });
}

async function gather(
  file: string,
  wanted: string,
  { stdin, interrupted }: InputWorld,
  read: (line: string) => readonly [string, number] | undefined,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const name = file === '-' ? 'the standard input' : file;
  let lines = 0;
  try {
    const input = file === '-' ? stdin : createReadStream(file);
    for await (const line of createInterface({
      input,
      crlfDelay: Number.POSITIVE_INFINITY,
      signal: interrupted,
    })) {
      lines++;
      const found = read(line);
      if (found === undefined) continue;
      const [key, count] = found;
      if (count > 0) counts.set(key, (counts.get(key) ?? 0) + count);
    }
  } catch (error) {
    throw new CommandFailure(`${name}: ${reasonOf(error)}`);
  }
  if (interrupted.aborted) throw new CommandFailure('interrupted');
  if (counts.size === 0)
    throw new CommandFailure(
      `${name} holds no keys: ${lines === 0 ? 'it is empty' : `none of its ${plural(lines, 'line')} has ${wanted}`}`,
    );
  return counts;
}

/** The fields of one line, in which quotes may keep a delimiter together. */
export function fieldsOf(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (character === '"') {
      // Two in a row are one that is meant.
      if (quoted && line[i + 1] === '"') field += line[++i];
      else quoted = !quoted;
    } else if (!quoted && line.startsWith(delimiter, i)) {
      fields.push(field);
      field = '';
      i += delimiter.length - 1;
    } else field += character;
  }
  fields.push(field);
  return fields;
}

const unquoted = (key: string): string =>
  key.length > 1 && key.startsWith('"') && key.endsWith('"') ? key.slice(1, -1).replaceAll('""', '"') : key;

/** What memcached logs of one command's look at one key: of reads, and of writes and deletes, too. */
export interface Fetch {
  /** The storage key. */
  readonly key: string;
  /** Of the value that was found; 0 where there was none. */
  readonly size: number;
}

const LINE =
  /^ts=\d+\.\d+ gid=\d+ type=item_get key=(\S+) status=[a-z_]+ clsid=\d+ cfd=-?\d+ size=(\d+)(?: \w+=\S*)*$/;

/**
 * Reads one line of `watch fetchers`, without its line end; `undefined` for what is no such line. The key is URI-encoded
 * byte by byte, so that it can hold no space; one that is not UTF-8 stays as it is.
 */
export function parseFetch(line: string): Fetch | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  return { key: decoded(match[1]!), size: Number(match[2]) };
}

function decoded(key: string): string {
  if (!key.includes('%')) return key;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

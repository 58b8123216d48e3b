const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `12,345`; small ones with one digit after the point. */
export function count(value: number): string {
  return value > 0 && value < 10 && !Number.isInteger(value) ? value.toFixed(1) : WHOLE.format(value);
}

/** `6.6 %`; a share that is not nothing is never shown as nothing. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.05) return '<0.1 %';
  return `${value.toFixed(1)} %`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `1.5 MB`, by units of 1,000. */
export function bytes(value: number): string {
  let unit = 0;
  let scaled = value;
  while (scaled >= 999.5 && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const text = unit === 0 || scaled >= 99.5 ? scaled.toFixed(0) : scaled.toFixed(1);
  return `${text} ${UNITS[unit]}`;
}

/** `0.42 ms`. */
export function millis(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

/** `1 node`, `2 nodes`. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${WHOLE.format(number)} ${number === 1 ? one : many}`;
}

const MOST_NAMED = 4;

/** `a, b, c, d and 6 more`. */
export function listed(nodes: readonly string[]): string {
  if (nodes.length <= MOST_NAMED) return nodes.join(', ');
  return `${nodes.slice(0, MOST_NAMED).join(', ')} and ${nodes.length - MOST_NAMED} more`;
}

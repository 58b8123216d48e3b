const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `share` (0..1) of `width` columns, to the eighth of a column, and padded to `width`. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const drawn = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
  return drawn.padEnd(width);
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/**
 * Columns under their titles, each as wide as its widest cell. `paint` colours a cell after it was padded, so that
 * colours take no room; row -1 is the titles.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: (cell: string, row: number, column: number) => string = (cell) => cell,
): string {
  const widths = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[at] ?? ''))),
  );
  const line = (cells: readonly string[], row: number): string =>
    columns
      .map(({ align }, at) => {
        const cell = cells[at] ?? '';
        const room = ' '.repeat(widths[at]! - widthOf(cell));
        // Nothing is padded at a line's end.
        const after = at === columns.length - 1 ? '' : room;
        return align === 'right' ? room + paint(cell, row, at) : paint(cell, row, at) + after;
      })
      .join(GAP)
      .trimEnd();
  const titles = columns.map(({ title }) => title);
  return [line(titles, -1), ...rows.map(line)].join('\n');
}

/** Characters, which is near enough to columns for what is in keys and host names. */
export const widthOf = (text: string): number => Array.from(text).length;

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

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const NO_WIDTH = /\p{Nonspacing_Mark}|\p{Enclosing_Mark}/u;

/** Columns of a terminal: two for a Chinese character or an emoji, none for an accent by itself. */
export function widthOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}

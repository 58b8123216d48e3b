import type { StampedeOutcome } from './outcome.ts';

/** One scenario, and what each reader made of it. */
export interface Row {
  readonly name: string;
  readonly outcomes: ReadonlyMap<string, StampedeOutcome>;
}

/** Markdown: a row a scenario, a column a reader. */
export function stampedeTables(rows: readonly Row[], readers: readonly string[]): string {
  return [
    table('Origin loads', rows, readers, ({ loads }) => String(loads)),
    table('Callers that got a fresh value / a stale one / none', rows, readers, (outcome) => {
      const { fresh, stale, failed } = outcome;
      return `${fresh} / ${stale} / ${failed}`;
    }),
    table('Time of a caller in ms, p50 / worst', rows, readers, (outcome) => {
      return `${outcome.p50Millis.toFixed(0)} / ${outcome.worstMillis.toFixed(0)}`;
    }),
  ].join('\n\n');
}

function table(
  title: string,
  rows: readonly Row[],
  readers: readonly string[],
  cell: (outcome: StampedeOutcome) => string,
): string {
  const lines = rows.map(({ name, outcomes }) => {
    const cells = readers.map((reader) => {
      const outcome = outcomes.get(reader);
      return outcome === undefined ? '-' : cell(outcome);
    });
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  const head = [`| | ${readers.join(' | ')} |`, `| --- |${' ---: |'.repeat(readers.length)}`];
  return [title, '', ...head, ...lines].join('\n');
}

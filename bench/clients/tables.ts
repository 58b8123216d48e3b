import { type Contest, medianOf, ratioOf } from './contest.ts';

/** Markdown: throughput, latency and CPU, a row a scenario. */
export function tables(contests: readonly Contest[], names: readonly string[]): string {
  return [
    table('Operations per second, and the ratio to memjs', contests, names, (contest, name) => {
      const ratio = ratioOf(contest, name, 'perSecond');
      return `${count(medianOf(contest, name, 'perSecond'))} (${ratio.toFixed(2)})`;
    }),
    table('Latency in ms, p50 / p99', contests, names, (contest, name) => {
      const p50 = medianOf(contest, name, 'p50Millis').toFixed(3);
      return `${p50} / ${medianOf(contest, name, 'p99Millis').toFixed(2)}`;
    }),
    table('CPU of the client, µs per operation, and the ratio to memjs', contests, names, (contest, name) => {
      const micros = medianOf(contest, name, 'cpuMicros');
      const shown = micros < 10 ? micros.toFixed(2) : micros.toFixed(1);
      return `${shown} (${ratioOf(contest, name, 'cpuMicros').toFixed(2)})`;
    }),
    notes(contests),
  ].join('\n\n');
}

function table(
  title: string,
  contests: readonly Contest[],
  names: readonly string[],
  cell: (contest: Contest, name: string) => string,
): string {
  const rows = contests.map((contest) => {
    const cells = names.map((name) => {
      const contender = contest.contenders.find((one) => one.name === name);
      const played = contender?.rounds.some((round) => round !== undefined) ?? false;
      if (played) return cell(contest, name);
      return contender?.fate === undefined ? '-' : (contender.fate.split(':')[0] ?? '-');
    });
    return `| ${contest.scenario.name} | ${cells.join(' | ')} |`;
  });
  const head = [`| | ${names.join(' | ')} |`, `| --- |${' ---: |'.repeat(names.length)}`];
  return [title, '', ...head, ...rows].join('\n');
}

/** Whoever hung, crashed or failed operations, by name. */
function notes(contests: readonly Contest[]): string {
  const lines = contests.flatMap(({ scenario, contenders }) =>
    contenders.flatMap(({ name, fate, rounds }) => {
      const failures = rounds.reduce((sum, round) => sum + (round?.failures ?? 0), 0);
      const failed =
        failures === 0 ? [] : [`- ${scenario.name}: ${name} failed ${count(failures)} operations`];
      return fate === undefined ? failed : [...failed, `- ${scenario.name}: ${name} ${fate}`];
    }),
  );
  return lines.length === 0 ? 'Nobody hung, crashed or failed an operation.' : lines.join('\n');
}

function count(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

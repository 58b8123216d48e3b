import { setTimeout as sleep } from 'node:timers/promises';
import { nodeName } from '../src/ring/index.ts';
import { machineMillis } from '../test/support/histories/history.ts';
import type { Course, Drill, Report } from './drill.ts';
import { Fleet, type NodeDown } from './environments/fleet.ts';
import type { EnvironmentSettings } from './environments/messages.ts';
import { storedAs } from './environments/settings.ts';
import { lineOf } from './line.ts';
import { Stand, type StandOptions } from './stand/stand.ts';
import { boundsFor, judge, type Outside } from './verdict.ts';

const BEFORE_SHARE = 0.2;
const FAULT_SHARE = 0.6;
/** Copies of the short form live a second, so that their bound is over long before the drill is. */
const COPY_TTL_SECONDS = { short: 1, long: 5 };
/** The rest of a long form's time. */
const LONG_SECONDS = 30;
const ENVIRONMENTS = 4;
const WARM_MILLIS = 300;
const GUTTER_MILLIS = 60_000;
/** The client's: a connect and a reply, and a bit; and how long it leaves a node alone at the most. */
const FINDS_DOWN_MILLIS = 500;
const LONGEST_PAUSE_MILLIS = 30_000;

/** A drill while it runs, as its fault sees it. */
export interface Scene {
  readonly stand: Stand;
  readonly fleet: Fleet;
  readonly course: Course;
  /** How long the fault is to last. */
  readonly millis: number;
  /** Says that another bound than the contract's holds from now on, for so long and for these keys. */
  outside(why: string, boundMillis: number, holds: (key: string) => boolean): void;
  /** More to tell at the end of the line. */
  note(text: string): void;
  /** What makes the drill fail besides values and calls. */
  complain(text: string): void;
}

export interface Plan {
  readonly name: string;
  /** What is done, as the line begins. */
  readonly title: string;
  readonly stand?: Partial<StandOptions>;
  readonly environments?: number;
  /** Each process has proxies of its own between it and the nodes. */
  readonly ownWays?: boolean;
  /** How long the fault lasts with `--long`, in seconds. */
  readonly longFaultSeconds?: number;
  /** Does the harm and undoes it again, in about `scene.millis`. */
  fault(scene: Scene): Promise<void>;
}

/**
 * Whoever sees the owner up deletes at the owner alone; whoever took it for down may read what stands in for it meanwhile,
 * until it is tried again.
 */
function whileDown({ rings }: Stand, { node, at }: NodeDown): Outside {
  return {
    why: 'owner down for some, up for others: gutter TTL',
    boundMillis: GUTTER_MILLIS,
    // The read that finds it down began before.
    from: at - FINDS_DOWN_MILLIS,
    to: at + LONGEST_PAUSE_MILLIS + FINDS_DOWN_MILLIS,
    holds: (key) => rings.some((ring) => nodeName(ring.owner(storedAs(key))) === node),
  };
}

/** A drill whose load runs before, during and after a fault. */
export function rehearsal(plan: Plan): Drill {
  return { name: plan.name, run: (course) => rehearse(plan, course) };
}

async function rehearse(plan: Plan, course: Course): Promise<Report> {
  const environments = plan.environments ?? ENVIRONMENTS;
  const ways = plan.ownWays ? environments : (plan.stand?.ways ?? 0);
  await using stand = await Stand.start({ nodes: 4, ...plan.stand, ways });
  const copyTtlSeconds = course.long ? COPY_TTL_SECONDS.long : COPY_TTL_SECONDS.short;
  const settingsOf = (worker: number): EnvironmentSettings => ({
    configEndpoint: stand.configEndpoint,
    copyTtlSeconds,
    names: stand.names(plan.ownWays ? worker : 0),
    seed: course.seed * 1_000 + worker,
    clients: 1,
  });
  await using fleet = new Fleet('environment', settingsOf);
  await fleet.grow(environments);
  const millis = (course.long ? LONG_SECONDS : course.seconds) * 1_000;
  const outside: Outside[] = [];
  const notes: string[] = [];
  const complaints: string[] = [];
  await sleep(WARM_MILLIS);
  const steadyFrom = machineMillis();
  await sleep(millis * BEFORE_SHARE);
  const from = machineMillis();
  await plan.fault({
    stand,
    fleet,
    course,
    millis: course.long && plan.longFaultSeconds ? plan.longFaultSeconds * 1_000 : millis * FAULT_SHARE,
    outside: (why, boundMillis, holds) => {
      const begins = machineMillis();
      outside.push({ why, boundMillis, holds, from: begins, to: begins + millis * 100 });
    },
    note: (text) => notes.push(text),
    complain: (text) => complaints.push(text),
  });
  const to = machineMillis();
  await sleep(millis * (1 - BEFORE_SHARE - FAULT_SHARE));
  await fleet.stop();
  for (const down of fleet.nodeDowns) outside.push(whileDown(stand, down));
  const verdict = judge(fleet, boundsFor(copyTtlSeconds), outside, steadyFrom, { from, to });
  if (verdict.older > 0) notes.push(`older: ${[...new Set(outside.map(({ why }) => why))].join('; ')}`);
  const left = [...fleet.left];
  if (left.length > 0) complaints.push(`left open after close(): ${left.join(', ')}`);
  return {
    line: lineOf(plan.title, verdict, notes),
    faults: [...verdict.wrong, ...verdict.failed, ...complaints],
    left,
  };
}

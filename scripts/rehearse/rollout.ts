import { rings } from './alarm.ts';
import type { LiveAlias } from './alias.ts';
import type { Cloud } from './cloud.ts';
import type { Deployment } from './deployment.ts';
import { type Figures, type VersionFigures, warningsOf } from './figures.ts';
import type { MetricStore } from './metric-store.ts';
import type { Progress } from './progress.ts';
import type { Traffic } from './traffic.ts';

export interface Outcome {
  /** `Succeeded`, or `rolled back by …`. */
  readonly verdict: string;
  readonly succeeded: boolean;
  readonly figures: readonly VersionFigures[];
  /** What no alarm and no hook sees. */
  readonly warnings: readonly string[];
}

export interface RolloutParts {
  readonly deployment: Deployment;
  readonly alias: LiveAlias;
  readonly cloud: Cloud;
  readonly store: MetricStore;
  readonly figures: Figures;
  readonly traffic: Traffic;
  readonly progress: Progress;
}

/** The steps of one deployment, as CodeDeploy takes them. */
export class Rollout {
  readonly #parts: RolloutParts;
  readonly #url: string;

  /** `url`: of the API that gets the traffic. */
  constructor(parts: RolloutParts, url: string) {
    this.#parts = parts;
    this.#url = url;
  }

  async run({ skipCheck }: { readonly skipCheck: boolean }): Promise<Outcome> {
    const { alias, progress, store } = this.#parts;
    progress.say('minute 0: the old version alone fills the cache');
    await this.#minute();
    const refused = skipCheck ? undefined : await this.#hooks('preTraffic', 'pre-traffic');
    if (refused !== undefined) return this.#outcome(refused);
    const end = alias.minutes;
    let before = '';
    // One more minute after the last step: AllAtOnce has no other in which an alarm could ring.
    for (let minute = 0; minute <= end; minute += 1) {
      const now = alias
        .shift(minute)
        .map((percent) => `${percent} %`)
        .join(', ');
      const line = `minute ${store.minute} of ${end + 1}: ${now} of the traffic goes to the new version`;
      if (now === before) progress.goesOn(line);
      else progress.say(line);
      before = now;
      const ringing = await this.#minute();
      if (ringing.length > 0) return this.#rollBack(`the alarm ${ringing.join(' and ')}`);
    }
    const failed = await this.#hooks('postTraffic', 'post-traffic');
    return failed === undefined ? this.#outcome(undefined) : this.#rollBack(failed);
  }

  async #rollBack(by: string): Promise<Outcome> {
    const { alias, progress, store } = this.#parts;
    alias.rollBack();
    progress.say(`minute ${store.minute}: all traffic goes back to the old version, by ${by}`);
    await this.#minute();
    return this.#outcome(by);
  }

  /** Sends a minute's requests and says which alarms would ring at its end. */
  async #minute(): Promise<string[]> {
    const { deployment, store, traffic } = this.#parts;
    await traffic.minute(this.#url);
    const alarms = new Map(deployment.shifts.flatMap((shift) => shift.alarms.map((one) => [one.name, one])));
    const ringing = [...alarms.values()].filter((alarm) => rings(alarm, store));
    store.minute += 1;
    return ringing.map(({ name }) => name);
  }

  /** Runs one kind of hook, function by function; by whom the deployment failed, if it did. */
  async #hooks(kind: 'preTraffic' | 'postTraffic', title: string): Promise<string | undefined> {
    const { cloud, deployment, progress } = this.#parts;
    for (const shift of deployment.shifts) {
      const functionName = shift[kind];
      if (functionName === undefined) continue;
      const status = await cloud.runHook(functionName);
      progress.say(`${title} hook of ${shift.name}: ${status}`);
      if (status !== 'Succeeded') return `the ${title} hook of ${shift.name}`;
    }
    return undefined;
  }

  #outcome(rolledBackBy: string | undefined): Outcome {
    const figures = this.#parts.figures.all();
    const succeeded = rolledBackBy === undefined;
    return {
      succeeded,
      verdict: succeeded ? 'Succeeded' : `rolled back by ${rolledBackBy}`,
      figures,
      warnings: warningsOf(figures),
    };
  }
}

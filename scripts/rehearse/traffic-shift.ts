import { isObject, type Json } from '../local/template/json.ts';
import type { Template } from '../local/template/template.ts';
import { Misuse } from './misuse.ts';

/** The share of traffic, in percent, that goes to the new version for so many minutes. */
export interface Step {
  readonly percent: number;
  readonly minutes: number;
}

/** The steps before all traffic goes to the new version; none for `AllAtOnce`. `name` is built in, or a resource's. */
export function stepsOf(name: string, template: Template): readonly Step[] {
  if (name === 'AllAtOnce') return [];
  const [, kind, percent, minutes] =
    /^(Canary|Linear)(10)Percent(?:Every)?(\d+)Minutes?$/.exec(name) ?? customShift(name, template);
  return kind === 'Canary'
    ? [{ percent: Number(percent), minutes: Number(minutes) }]
    : linear(Number(percent), Number(minutes));
}

function linear(percent: number, minutes: number): Step[] {
  const steps = Math.ceil(100 / percent) - 1;
  return Array.from({ length: steps }, (_, i) => ({ percent: (i + 1) * percent, minutes }));
}

/** Of an `AWS::CodeDeploy::DeploymentConfig`. */
function customShift(name: string, template: Template): readonly Json[] {
  const resource = template.resource(name);
  const properties = resource && template.evaluate(template.properties(resource));
  const routing = isObject(properties) ? properties.TrafficRoutingConfig : undefined;
  if (isObject(routing)) {
    const { TimeBasedCanary: canary, TimeBasedLinear: linear } = routing;
    if (isObject(canary)) return ['', 'Canary', canary.CanaryPercentage!, canary.CanaryInterval!];
    if (isObject(linear)) return ['', 'Linear', linear.LinearPercentage!, linear.LinearInterval!];
  }
  throw new Misuse(`CodeDeploy has no deployment type ${name}, nor has the template`);
}

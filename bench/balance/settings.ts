import type { Plan } from './measure.ts';

/** Of all benches that simulate a fleet; each is an option. */
export const FLEET_OPTIONS = {
  processes: { type: 'string', default: '2' },
  environments: { type: 'string', default: '500' },
  life: { type: 'string', default: '30' },
  rate: { type: 'string', default: '6000' },
} as const;

type FleetSettings = Readonly<Record<keyof typeof FLEET_OPTIONS, string>>;

export function fleetOf(values: FleetSettings): Omit<Plan, 'learnSeconds' | 'windowSeconds'> {
  return {
    processes: positive('processes', values.processes),
    environments: positive('environments', values.environments),
    lifeSeconds: positive('life', values.life),
    rate: positive('rate', values.rate),
  };
}

export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new RangeError(`--${name} must be a number above 0, got ${text}`);
  return value;
}

export const listOf = (text: string): string[] => text.split(',').filter((part) => part !== '');

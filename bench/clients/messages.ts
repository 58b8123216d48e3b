import type { RoundFigures } from './load.ts';
import type { Scenario } from './scenarios.ts';

/** From the bench to the process of one contender. */
export type Request =
  | {
      readonly kind: 'prepare';
      readonly contender: string;
      readonly scenario: Scenario;
      readonly nodes: readonly string[];
      /** This package, bundled. */
      readonly bundle: string;
    }
  | { readonly kind: 'round'; readonly millis: number };

/** And back. */
export type Reply =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'figures'; readonly figures: RoundFigures }
  | { readonly kind: 'failed'; readonly reason: string };

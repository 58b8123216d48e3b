import { fileURLToPath } from 'node:url';

const layer = (name: string): string => fileURLToPath(new URL(`./cases/${name}`, import.meta.url));

/** Ready releases of the working tree: what it becomes, and what comes of it. */
export const CASES = {
  good: { layers: [layer('header')], about: 'one more response header: succeeds' },
  'changed-shape': {
    layers: [layer('priced')],
    about:
      'another shape of the cached items under the same schema: refused, or rolled back with --skip-check',
  },
  prepared: {
    layers: [layer('prepared')],
    about: 'deletes reach the next schema, too, as the release before a new one should: succeeds',
  },
  'new-schema': {
    layers: [layer('priced'), layer('schema-v2')],
    about: 'the same shape under a schema of its own: succeeds',
  },
  'failing-writes': {
    layers: [layer('failing-writes')],
    about: 'writes answer 500, which no replayed event shows and Lambda counts as a success: rolled back',
  },
  'other-dialect': { layers: [layer('dialect')], about: 'another placement of the keys: refused' },
} as const;

export type CaseName = keyof typeof CASES;

// `npm run bench -- <name> [arguments]`: one module a benchmark, loaded only when it is asked for.

interface Benchmark {
  run(args: readonly string[]): void | Promise<void>;
}

const BENCHES: Readonly<Record<string, () => Promise<Benchmark>>> = {
  balance: () => import('./balance.ts'),
  clients: () => import('./clients.ts'),
  'cold-start': () => import('./cold-start.ts'),
  'false-promotions': () => import('./false-promotions.ts'),
  'first-value': () => import('./first-value.ts'),
  'hard-cases': () => import('./hard-cases.ts'),
  heap: () => import('./heap.ts'),
  layer: () => import('./layer.ts'),
  onset: () => import('./onset.ts'),
  ring: () => import('./ring.ts'),
  routing: () => import('./routing.ts'),
  stampede: () => import('./stampede.ts'),
  tls: () => import('./tls.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
if (Object.hasOwn(BENCHES, name)) {
  const benchmark = await BENCHES[name]!();
  await benchmark.run(args);
} else {
  process.stderr.write(`usage: npm run bench -- <${Object.keys(BENCHES).join(' | ')}> [arguments]\n`);
  process.exitCode = 2;
}

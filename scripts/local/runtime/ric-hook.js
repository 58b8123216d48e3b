// Imported before AWS's runtime interface client, in its process. The client's native addon (curl in C++) takes
// a minute and cmake to build, so this puts a plain HTTP client in its place; all else stays AWS's own code.
// Plain JavaScript: stripping types here would add 30 ms to every INIT that we report.
import { registerHooks } from 'node:module';

const replacement = new URL('./rapid-client.cjs', import.meta.url).href;

const hooks = registerHooks({
  resolve(specifier, context, nextResolve) {
    if (!specifier.endsWith('/rapid-client.node')) return nextResolve(specifier, context);
    hooks.deregister();
    return { url: replacement, format: 'commonjs', shortCircuit: true };
  },
});

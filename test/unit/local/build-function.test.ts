import { expect, it } from 'vitest';
import { buildFunction, esbuildOptions } from '../../../scripts/local/runtime/build-function.ts';
import { functionNamed } from '../../../scripts/local/template/functions.ts';
import { Template } from '../../../scripts/local/template/template.ts';

const optionsFor = (buildProperties: string) => {
  const source = `Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: { Handler: a.b, CodeUri: code }
    Metadata:
      BuildMethod: esbuild
      BuildProperties: ${buildProperties}`;
  return esbuildOptions(functionNamed(new Template(source, '/project'), 'F'), '/out');
};

it('builds with the defaults of SAM', () => {
  expect(optionsFor('{ EntryPoints: [a.ts] }')).toMatchObject({
    absWorkingDir: '/project/code',
    outdir: '/out',
    entryPoints: ['a.ts'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2020',
    minify: true,
  });
});

it('reads lists, pairs and flags as templates write them', () => {
  const options = optionsFor(`
        EntryPoints: [a.ts]
        Format: esm
        Minify: false
        Sourcemap: true
        Target: es2024,node24
        UseNpmCi: true
        MainFields: module,main
        External: ['@aws-sdk/*']
        OutExtension: [.js=.mjs]
        Loader: [.txt=text]
        Banner: [js=const a = 1;]
        Define: { DEBUG: 'false' }`);
  expect(options).toMatchObject({
    format: 'esm',
    minify: false,
    sourcemap: true,
    target: ['es2024', 'node24'],
    mainFields: ['module', 'main'],
    external: ['@aws-sdk/*'],
    outExtension: { '.js': '.mjs' },
    loader: { '.txt': 'text' },
    banner: { js: 'const a = 1;' },
    define: { DEBUG: 'false' },
  });
});

it('refuses what it does not know, and a build without entry points', () => {
  expect(() => optionsFor('{ EntryPoints: [a.ts], Minfy: true }')).toThrow(
    'F: not an esbuild property here: Minfy',
  );
  expect(() => optionsFor('{ Format: esm }')).toThrow('F: its Metadata has no EntryPoints');
});

it.each(['', 'Metadata: { BuildMethod: esbuild, BuildProperties: { EntryPoints: [a.ts] } }'])(
  'says which directory is missing where CodeUri names one',
  async (metadata) => {
    const source = `Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: { Handler: a.b, CodeUri: no-such-directory }
    ${metadata}`;
    const definition = functionNamed(new Template(source, '/project'), 'F');
    await expect(buildFunction(definition, '/dev/null/out')).rejects.toThrow(
      'F: its CodeUri names no directory: /project/no-such-directory',
    );
  },
);

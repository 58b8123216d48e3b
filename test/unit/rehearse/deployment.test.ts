import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_TEMPLATE } from '../../../scripts/local/project.ts';
import { Template } from '../../../scripts/local/template/template.ts';
import { readDeployment } from '../../../scripts/rehearse/deployment.ts';
import { Misuse } from '../../../scripts/rehearse/misuse.ts';
import { parametersOf, withType } from '../../../scripts/rehearse/parameters.ts';
import { requestsOf } from '../../../scripts/rehearse/requests.ts';
import { checkOut, checkOutLayers } from '../../../scripts/rehearse/revision.ts';
import { stepsOf } from '../../../scripts/rehearse/traffic-shift.ts';

describe('how traffic is shifted', () => {
  const template = new Template('Resources: { Other: { Type: AWS::DynamoDB::Table } }', '/');
  it.each([
    ['AllAtOnce', []],
    ['Canary10Percent30Minutes', [{ percent: 10, minutes: 30 }]],
    [
      'Linear10PercentEvery1Minute',
      [10, 20, 30, 40, 50, 60, 70, 80, 90].map((percent) => ({ percent, minutes: 1 })),
    ],
  ])('%s', (name, steps) => {
    expect(stepsOf(name, template)).toEqual(steps);
  });

  it.each(['Canary10Percent5Minute', 'Linear5PercentEvery1Minute', 'Other', ''])('refuses %s', (name) => {
    if (name === 'Canary10Percent5Minute') expect(stepsOf(name, template)).toHaveLength(1);
    else expect(() => stepsOf(name, template)).toThrow('no deployment type');
  });

  it.each([
    ['CustomCanary', [{ percent: 40, minutes: 3 }]],
    ['CustomLinear', [40, 80].map((percent) => ({ percent, minutes: 3 }))],
  ])('by the template’s own %s', async (DeploymentPreferenceType, steps) => {
    const { shifts } = await readDeployment(DEFAULT_TEMPLATE, {
      Stage: 'prod',
      DeploymentPreferenceType,
      CustomPercent: '40',
      CustomMinutes: '3',
    });
    for (const shift of shifts) expect(shift.steps).toEqual(steps);
  });

  it('at once in dev', async () => {
    const { shifts } = await readDeployment(DEFAULT_TEMPLATE, {});
    expect(shifts.map(({ type }) => type)).toEqual(Array(4).fill('AllAtOnce'));
  });

  it('refuses a type that the template does not offer', async () => {
    const wrong = readDeployment(DEFAULT_TEMPLATE, { DeploymentPreferenceType: 'Canary10Percent7Minutes' });
    await expect(wrong).rejects.toThrow('must be one of');
  });
});

describe('the template’s deployment', () => {
  it('has hooks, a log filter, and alarms that know the new version', async () => {
    const { shifts, hooks, filters } = await readDeployment(DEFAULT_TEMPLATE, { Stage: 'prod' });
    expect(shifts.map(({ name }) => name)).toEqual([
      'GetItemFunction',
      'ListItemsFunction',
      'PutItemFunction',
      'DeleteItemFunction',
    ]);
    expect(shifts[0]).toMatchObject({
      preTraffic: 'CodeDeployHook_local_get_pre',
      postTraffic: 'CodeDeployHook_local_get_post',
    });
    expect(hooks.size).toBe(8);
    expect(filters).toEqual([{ field: 'level', value: 'ERROR', namespace: 'local', metric: 'LoggedErrors' }]);
    const errors = shifts[0]!.alarms.find(({ name }) => name === 'GetItemErrorsAlarm');
    expect(errors!.properties.Dimensions).toEqual([
      { Name: 'FunctionName', Value: 'GetItemFunction' },
      { Name: 'Resource', Value: 'GetItemFunction:live' },
      { Name: 'ExecutedVersion', Value: '2' },
    ]);
  });
});

describe('the parameters of a version', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'parameters-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function template(...parameters: string[]): Promise<string> {
    const file = path.join(directory, 'template.yaml');
    await writeFile(file, `Parameters: { ${parameters.join(', ')} }\nResources: {}\n`);
    return file;
  }
  const STAGES = 'Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }';

  it('are those of its own template, for production where there is one', async () => {
    expect(await parametersOf('it', await template(STAGES), { Stage: 'dev' })).toEqual({ Stage: 'dev' });
    expect(await parametersOf('it', await template(STAGES), {})).toEqual({ Stage: 'prod' });
    expect(await parametersOf('it', await template(STAGES.replace('prod', 'live')), {})).toEqual({});
    expect(await parametersOf('it', await template(), {})).toEqual({});
  });

  it('are never those of the other version', async () => {
    const refused = parametersOf('the old version', await template(STAGES), { New: '1' });
    await expect(refused).rejects.toThrow(Misuse);
    await expect(refused).rejects.toThrow('the old version: wrong parameters: New is not a parameter');
  });

  it('have the deployment type where the template makes one of it', async () => {
    const own = await template('DeploymentPreferenceType: { Type: String }');
    const type = 'Canary10Percent5Minutes';
    expect(await withType(own, {}, type)).toEqual({ given: { DeploymentPreferenceType: type } });
    expect(await withType(await template(STAGES), {}, type)).toEqual({ given: {}, type });
  });
});

describe('a template that names its deployment type', () => {
  it('is rolled out by another one where that is asked for', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'type-'));
    const file = path.join(directory, 'template.yaml');
    const preference = 'DeploymentPreference: { Type: AllAtOnce }';
    const properties = `{ Runtime: nodejs24.x, Handler: a.b, AutoPublishAlias: live, ${preference} }`;
    await writeFile(
      file,
      `Resources: { Get: { Type: AWS::Serverless::Function, Properties: ${properties} } }`,
    );
    try {
      const steps = async (type?: string) => (await readDeployment(file, {}, type)).shifts[0]!.steps;
      expect(await steps()).toEqual([]);
      expect(await steps('Canary10Percent5Minutes')).toEqual([{ percent: 10, minutes: 5 }]);
      await expect(steps('Canary5Percent')).rejects.toThrow(Misuse);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('what is rehearsed', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'rehearse-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it.each([
    ['no-such-revision', 'git does not know it, and there is no such directory'],
    ['package.json', 'it is a file'],
    ['handlers', 'the directory holds no template.yaml'],
  ])('is a revision or a project, which %s is not', async (revision, why) => {
    const refused = checkOut(revision, path.join(directory, 'old'));
    await expect(refused).rejects.toThrow(Misuse);
    await expect(refused).rejects.toThrow(`${revision} is no revision (${why})`);
    expect(existsSync(path.join(directory, 'old'))).toBe(false);
  });

  it('is not overlaid with what holds no part of a project', async () => {
    const refused = checkOutLayers(['.', 'docs'], path.join(directory, 'old'));
    await expect(refused).rejects.toThrow('docs holds nothing that could be laid over a revision');
  });

  it('is the working tree with files laid over it, or a whole project with what it lacks', async () => {
    const [overlay, whole] = [path.join(directory, 'overlay'), path.join(directory, 'whole')];
    await mkdir(path.join(overlay, 'handlers'), { recursive: true });
    await writeFile(path.join(overlay, 'handlers/get-item.ts'), 'other');
    await mkdir(path.join(whole, 'handlers'), { recursive: true });
    await writeFile(path.join(whole, 'template.yaml'), 'Resources: {}');
    await writeFile(path.join(whole, 'handlers/own.ts'), 'own');

    const name = await checkOutLayers(['.', overlay], path.join(directory, 'a'));
    expect(name).toBe(`the working tree with ${path.relative('', overlay)}`);
    const read = (file: string) => readFile(path.join(directory, file), 'utf8');
    expect(await read('a/handlers/get-item.ts')).toBe('other');
    expect(await read('a/handlers/item.ts')).toBe(await readFile('handlers/item.ts', 'utf8'));

    await checkOutLayers([whole, overlay], path.join(directory, 'b'));
    expect(await read('b/template.yaml')).toBe('Resources: {}');
    expect(await readdir(path.join(directory, 'b/handlers'))).toEqual(['get-item.ts', 'own.ts']);
    expect(await readdir(path.join(directory, 'b'))).toEqual(expect.arrayContaining(['events', 'src']));
  });

  it.skipIf(!existsSync('.git'))('is a revision of git', async () => {
    expect(await checkOut('HEAD', path.join(directory, 'head'))).toMatch(/^HEAD \([0-9a-f]{7}\)$/);
    expect(await readdir(path.join(directory, 'head'))).toEqual(
      expect.arrayContaining(['handlers', 'src', 'template.yaml']),
    );
  });

  it('is the events of the HTTP API, reads before all', async () => {
    const requests = await requestsOf('events');
    const count = (method: string) => requests.filter((request) => request.method === method).length;
    expect([count('GET'), count('PUT'), count('DELETE')]).toEqual([40, 1, 1]);
    expect(requests).toContainEqual({ method: 'GET', target: '/items?ids=1,2,3', body: undefined });
    expect(requests.find(({ method }) => method === 'PUT')!.body).toContain('priceCents');
  });

  it('needs an event that reads', async () => {
    await writeFile(path.join(directory, 'other.json'), '{"Records":[]}');
    await expect(requestsOf(directory)).rejects.toThrow('has no event of a GET');
  });
});

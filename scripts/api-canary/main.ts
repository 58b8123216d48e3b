// The canary of a REST API's stage: npm run api-canary -- start --rest-api-id ID --stage prod --percent 10
import { parseArgs } from 'node:util';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { fail, say } from '../local/terminal.ts';
import { productOf, promoteCanary, rollBackCanary, type StageName, startCanary } from './canary.ts';

const USAGE = `usage: npm run api-canary -- start|promote|rollback --rest-api-id ID --stage NAME [options]
      --percent N               start: of the stage's requests (10)
      --set NAME=VALUE          start: a stage variable of the canary's own; several are allowed
      --code-percent N          start: of CodeDeploy's canary, to show what both come to (10)
Region and credentials are those of the AWS SDK's environment. HTTP APIs have no canary.`;

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'rest-api-id': { type: 'string' },
      stage: { type: 'string' },
      percent: { type: 'string', default: '10' },
      'code-percent': { type: 'string', default: '10' },
      set: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return { ...values, action: positionals.length === 1 ? positionals[0] : undefined };
}

function percentOf(name: string, text: string): number {
  const percent = text.trim() === '' ? Number.NaN : Number(text);
  if (percent > 0 && percent <= 100) return percent;
  throw new Error(`--${name} takes a number above 0 and up to 100, got "${text}"`);
}

function variable(text: string): [string, string] {
  const [, name, value] = /^(\w+)=([A-Za-z0-9._~:/?#&=,-]*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new Error(`--set takes NAME=VALUE of letters, digits and ._~:/?#&=,- got "${text}"`);
}

async function main(): Promise<void> {
  const options = readArguments();
  if (options.help) return say(USAGE);
  const { action, stage: stageName, 'rest-api-id': restApiId } = options;
  if (restApiId === undefined || stageName === undefined) throw new Error(USAGE);
  const stage: StageName = { restApiId, stageName };
  const percent = percentOf('percent', options.percent);
  const codePercent = percentOf('code-percent', options['code-percent']);
  const variables = Object.fromEntries(options.set.map(variable));
  const client = new APIGatewayClient();
  try {
    switch (action) {
      case 'start': {
        const id = await startCanary(client, stage, percent, variables);
        say(`deployment ${id} is the canary of stage ${stageName}`);
        return say(productOf(percent, codePercent));
      }
      case 'promote':
        return say(
          `stage ${stageName} has deployment ${await promoteCanary(client, stage)}, for all requests`,
        );
      case 'rollback':
        return say(
          `stage ${stageName} keeps deployment ${await rollBackCanary(client, stage)}, for all requests`,
        );
      default:
        throw new Error(USAGE);
    }
  } finally {
    client.destroy();
  }
}

await main().catch(fail);

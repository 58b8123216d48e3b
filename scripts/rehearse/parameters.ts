import { resolveParameters } from '../local/template/parameters.ts';
import { Template } from '../local/template/template.ts';
import { Misuse } from './misuse.ts';

export type Parameters = Readonly<Record<string, string>>;

/** What is taken for granted of a release, where the template has such a parameter. */
const PRODUCTION: Parameters = { Stage: 'prod' };

/**
 * The parameters of one version (`whose`: for messages), by its own template: what is given, production's, and else its defaults.
 *
 * @throws Misuse where one is given that the template does not have, or a value that it does not allow.
 */
export async function parametersOf(
  whose: string,
  templateFile: string,
  given: Parameters,
): Promise<Parameters> {
  const { parameters: declared } = await Template.read(templateFile);
  const taken = Object.entries(PRODUCTION).filter(([name, value]) => {
    try {
      resolveParameters(declared, { [name]: value });
      return true;
    } catch {
      return false; // a template with other stages, or none, is right, too
    }
  });
  const parameters = { ...Object.fromEntries(taken), ...given };
  try {
    resolveParameters(declared, parameters);
  } catch (error) {
    throw new Misuse(`${whose}: ${(error as Error).message}`);
  }
  return parameters;
}

/** What `--type` is called in the template; some name their type without a parameter. */
const TYPE = 'DeploymentPreferenceType';

export async function withType(templateFile: string, given: Parameters, type: string | undefined) {
  if (type === undefined) return { given, type };
  const { parameters } = await Template.read(templateFile);
  return TYPE in parameters ? { given: { ...given, [TYPE]: type }, type: undefined } : { given, type };
}

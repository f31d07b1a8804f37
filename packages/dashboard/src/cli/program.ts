import { createRequire } from 'node:module';
import { addFlags, type Config, EXIT, type Guides, guideCommand, readConfig } from '@bullpen/shared/command';
import { Command } from 'commander';
import type { DashboardOptions } from '../options.js';
import { SECRET_NAMES } from '../redact/secret-names.js';
import { PASSWORD, PASSWORD_FILE, settings } from './settings.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

type DashboardConfig = Config<typeof settings>;

const guides: Guides = {
  'bullpen-dashboard': {
    notes: `The password is read from ${PASSWORD}, or from the file that ${PASSWORD_FILE} names: at least 12 characters. Without a password there is no login, and only this machine can connect.`,
    examples: [
      `${PASSWORD}='at least twelve characters' bullpen-dashboard`,
      `${PASSWORD_FILE}=/run/secrets/dashboard \\\n    bullpen-dashboard --read-only --base-path /bullpen --trust-proxy loopback`,
    ],
    exitCodes: {
      [EXIT.ok]: 'told to stop',
      [EXIT.failure]: 'failed; the last line says why',
      [EXIT.usage]: 'wrong usage',
      [EXIT.unavailable]: 'Redis refused us',
    },
  },
};

const program = guideCommand(
  addFlags(
    new Command('bullpen-dashboard')
      .description('Shows queues, jobs and batches in a browser, behind a login.')
      .version(version),
    settings,
  ),
  guides,
);

/**
 * Reads the command line and the environment.
 * @throws CommanderError for the command line (help and version included), ConfigInvalid and
 *   OptionsInvalid with every fault of the values
 */
export function readCommandLine(
  argv: readonly string[],
): Pick<DashboardConfig, 'logLevel'> & { readonly options: DashboardOptions } {
  program.parse(argv);
  const { logLevel, host, redact, trustProxy, ...given } = readConfig(settings, program.opts());
  const options: DashboardOptions = {
    ...given,
    redact: readRedact(redact),
    ...(host === undefined ? {} : { host }),
    ...(trustProxy === undefined ? {} : { trustProxy: list(trustProxy) }),
  };
  return { logLevel, options };
}

/** `none`, `a,b.c`, or `+a,b.c` for the default names and these. */
function readRedact(text: string | undefined): readonly string[] {
  if (text === undefined) return SECRET_NAMES;
  if (text === 'none') return [];
  const paths = list(text.replace(/^\+/, ''));
  return text.startsWith('+') ? [...SECRET_NAMES, ...paths] : paths;
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

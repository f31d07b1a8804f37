import { createRequire } from 'node:module';
import { OptionsInvalid } from '@bullpen/shared';
import {
  type Config,
  commonOptions,
  commonSettings,
  durationSetting,
  portSetting,
  readConfig,
  switchSetting,
} from '@bullpen/shared/internal';
import { Command } from 'commander';
import { z } from 'zod';
import { type DashboardOptions, DEFAULTS, readPasswordFile } from '../options.js';
import { SECRET_NAMES } from '../redact/redactor.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const PASSWORD = 'BULLPEN_DASHBOARD_PASSWORD';
const PASSWORD_FILE = 'BULLPEN_DASHBOARD_PASSWORD_FILE';

const settings = {
  ...commonSettings,
  port: {
    flag: '--port',
    env: 'BULLPEN_DASHBOARD_PORT',
    schema: portSetting.default(DEFAULTS.port),
  },
  host: { flag: '--host', env: 'BULLPEN_DASHBOARD_HOST', schema: z.string().optional() },
  basePath: { flag: '--base-path', env: 'BULLPEN_DASHBOARD_BASE_PATH', schema: z.string().default(DEFAULTS.basePath) },
  user: { flag: '--user', env: 'BULLPEN_DASHBOARD_USER', schema: z.string().default(DEFAULTS.user) },
  // No flags: whoever lists the machine's processes would read them.
  password: { flag: PASSWORD, env: PASSWORD, schema: z.string().optional() },
  passwordFile: { flag: PASSWORD_FILE, env: PASSWORD_FILE, schema: z.string().optional() },
  session: { flag: '--session', env: 'BULLPEN_DASHBOARD_SESSION', schema: durationSetting.default(43_200_000) },
  readOnly: { flag: '--read-only', env: 'BULLPEN_DASHBOARD_READ_ONLY', schema: switchSetting },
  redact: { flag: '--redact', env: 'BULLPEN_DASHBOARD_REDACT', schema: z.string().optional() },
  trustProxy: { flag: '--trust-proxy', env: 'BULLPEN_DASHBOARD_TRUST_PROXY', schema: z.string().optional() },
  discoverEvery: {
    flag: '--discover-every',
    env: 'BULLPEN_DASHBOARD_DISCOVER_EVERY',
    schema: durationSetting.default(10_000),
  },
};

type DashboardConfig = Config<typeof settings>;

const program = new Command('bullpen-dashboard')
  .description('Shows queues, jobs and batches in a browser, behind a login.')
  .version(version)
  .option('--port <port>', 'where to listen; 0 is any that is free (BULLPEN_DASHBOARD_PORT; default 3000)')
  .option(
    '--host <address>',
    'on which address (BULLPEN_DASHBOARD_HOST; default 0.0.0.0, without a password 127.0.0.1)',
  )
  .option('--base-path <path>', 'where a reverse proxy has put it, such as /bullpen (BULLPEN_DASHBOARD_BASE_PATH)')
  .option('--user <name>', 'who may log in (BULLPEN_DASHBOARD_USER; default bullpen)')
  .option('--session <duration>', 'how long a login lasts (BULLPEN_DASHBOARD_SESSION; default 12h)')
  .option('--read-only', 'refuse whatever changes something (BULLPEN_DASHBOARD_READ_ONLY=1)')
  .option(
    '--redact <paths>',
    'what is secret, with commas: card.number,*.pin; `+pin` adds to the default names, `none` shows everything (BULLPEN_DASHBOARD_REDACT)',
  )
  .option(
    '--trust-proxy <proxies>',
    'reverse proxies to believe: addresses, networks, loopback, uniquelocal, with commas (BULLPEN_DASHBOARD_TRUST_PROXY; default none)',
  )
  .option(
    '--discover-every <duration>',
    'how often to look for new queues (BULLPEN_DASHBOARD_DISCOVER_EVERY; default 10s)',
  )
  .option(...commonOptions.redis)
  .option(...commonOptions.prefix)
  .option(...commonOptions.logLevel)
  .addHelpText(
    'after',
    `
The password is read from BULLPEN_DASHBOARD_PASSWORD, or from the file that
BULLPEN_DASHBOARD_PASSWORD_FILE names: at least 12 characters.
Without one there is no login, and only this machine can connect.
Exit codes: 0 told to stop, 64 usage, 69 Redis refused us, 1 anything else.`,
  )
  .showHelpAfterError('(all that can be said: bullpen-dashboard --help)')
  .exitOverride()
  .allowExcessArguments(false);

/**
 * Reads the command line and the environment.
 * @throws CommanderError for the command line (help and version included), ConfigInvalid and
 *   OptionsInvalid with every fault of the values
 */
export function readCommandLine(
  argv: readonly string[],
): Pick<DashboardConfig, 'logLevel'> & { readonly options: DashboardOptions } {
  program.parse(argv);
  const { logLevel, host, passwordFile, redact, trustProxy, ...given } = readConfig(settings, program.opts());
  const password = passwordFile === undefined ? given.password : readPassword(given.password, passwordFile);
  const options: DashboardOptions = {
    ...given,
    password,
    redact: readRedact(redact),
    ...(host === undefined ? {} : { host }),
    ...(trustProxy === undefined ? {} : { trustProxy: list(trustProxy) }),
  };
  return { logLevel, options };
}

function readPassword(password: string | undefined, file: string): string {
  if (password === undefined) return readPasswordFile(file, PASSWORD_FILE);
  throw new OptionsInvalid('which password?', [{ path: PASSWORD_FILE, reason: `${PASSWORD} is set as well; set one` }]);
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

import {
  commonSettings,
  durationSetting,
  optional,
  portSetting,
  type Settings,
  switchSetting,
  textSetting,
} from '@bullpen/shared/command';
import { DEFAULTS } from '../defaults.js';

export const PASSWORD = 'BULLPEN_DASHBOARD_PASSWORD';
export const PASSWORD_FILE = 'BULLPEN_DASHBOARD_PASSWORD_FILE';

/** The settings of the command, by the names of the library's options. */
export const settings = {
  port: {
    flag: '--port <port>',
    env: 'BULLPEN_DASHBOARD_PORT',
    schema: portSetting,
    default: DEFAULTS.port,
    help: 'the port to listen on; 0 takes any free port',
  },
  host: {
    flag: '--host <address>',
    env: 'BULLPEN_DASHBOARD_HOST',
    schema: optional(textSetting()),
    defaultHelp: '0.0.0.0, without a password 127.0.0.1',
    help: 'the address to listen on',
  },
  basePath: {
    flag: '--base-path <path>',
    env: 'BULLPEN_DASHBOARD_BASE_PATH',
    schema: textSetting(),
    default: DEFAULTS.basePath,
    help: 'the path under which a reverse proxy serves the dashboard, such as /bullpen',
  },
  user: {
    flag: '--user <name>',
    env: 'BULLPEN_DASHBOARD_USER',
    schema: textSetting(),
    default: DEFAULTS.user,
    help: 'the name to log in with',
  },
  password: { env: PASSWORD, file: { env: PASSWORD_FILE }, schema: optional(textSetting()), secret: true },
  session: {
    flag: '--session <duration>',
    env: 'BULLPEN_DASHBOARD_SESSION',
    schema: durationSetting,
    default: DEFAULTS.session,
    help: 'how long a login lasts',
  },
  readOnly: {
    flag: '--read-only',
    env: 'BULLPEN_DASHBOARD_READ_ONLY',
    schema: switchSetting,
    help: 'refuse everything that would change something',
  },
  redact: {
    flag: '--redact <paths>',
    env: 'BULLPEN_DASHBOARD_REDACT',
    schema: optional(textSetting()),
    help: 'secret fields, separated by commas: card.number,*.pin; `+pin` adds to the default names, `none` shows everything',
  },
  trustProxy: {
    flag: '--trust-proxy <proxies>',
    env: 'BULLPEN_DASHBOARD_TRUST_PROXY',
    schema: optional(textSetting()),
    defaultHelp: 'none',
    help: 'reverse proxies to trust, separated by commas: addresses, networks, loopback, uniquelocal',
  },
  discoverEvery: {
    flag: '--discover-every <duration>',
    env: 'BULLPEN_DASHBOARD_DISCOVER_EVERY',
    schema: durationSetting,
    default: DEFAULTS.discoverEvery,
    help: 'how often to look for new queues',
  },
  ...commonSettings,
} satisfies Settings;

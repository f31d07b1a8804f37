import { isIP } from 'node:net';
import { type Duration, type Logger, OptionsInvalid, type RedisAddress } from '@bullpen/shared';
import {
  DEFAULT_PREFIX,
  isOptions,
  isPort,
  type OptionTable,
  optionFaults,
  parseTimerDuration,
  prefixFault,
  showValue,
} from '@bullpen/shared/internal';
import { DEFAULTS } from './defaults.js';
import { isLoopback } from './guard/loopback.js';
import { type Credentials, MAX_PASSWORD, MIN_PASSWORD } from './login/credentials.js';
import { SECRET_NAMES } from './redact/secret-names.js';

/** Options of {@link startDashboard}. */
export interface DashboardOptions {
  /** Where Redis is: the URL of a server, of sentinels or of a cluster. */
  readonly redis: RedisAddress;
  /** The first part of every key on Redis. Default `'bullpen'`. */
  readonly prefix?: string | undefined;
  /** The port to listen on; 0 takes a free one. Default 3000. */
  readonly port?: number | undefined;
  /** The address to listen on. Default `'0.0.0.0'` with a password, `'127.0.0.1'` without one. */
  readonly host?: string | undefined;
  /** The user who may log in. Default `'bullpen'`. */
  readonly user?: string | undefined;
  /**
   * The user's password, at least 12 characters. Without a password there is no login, and the host
   * must be a loopback address.
   */
  readonly password?: string | undefined;
  /** How long a login lasts. Default `'12h'`. */
  readonly session?: Duration | undefined;
  /**
   * The path under which a reverse proxy serves the dashboard, such as `'/bullpen'`. The proxy must
   * pass the path on unchanged. Default `'/'`.
   */
  readonly basePath?: string | undefined;
  /**
   * The proxies whose `X-Forwarded-*` headers the dashboard believes: addresses, networks
   * (`10.0.0.0/8`), `loopback`, `uniquelocal`. Default none.
   */
  readonly trustProxy?: readonly string[] | undefined;
  /** Refuses every request that changes something. Default false. */
  readonly readOnly?: boolean | undefined;
  /**
   * The paths of values to redact, such as `'password'` or `'card.number'`. A name matches case
   * insensitively and also at the end of a longer name. Default {@link SECRET_NAMES}; `[]` shows
   * everything.
   */
  readonly redact?: readonly string[] | undefined;
  /** How often the dashboard looks for new queues, at most. Default `'10s'`. */
  readonly discoverEvery?: Duration | undefined;
  /** Where it logs. Default: to stdout, from level `info` on. */
  readonly logger?: Logger | undefined;
}

const OPTIONS: OptionTable<DashboardOptions> = {
  ...{ redis: true, prefix: true, port: true, host: true, user: true, password: true, session: true },
  ...{ basePath: true, trustProxy: true, readOnly: true, redact: true, discoverEvery: true, logger: true },
};

/**
 * Checks the options and fills in the defaults; durations become milliseconds.
 * @throws OptionsInvalid with every fault
 */
export function readOptions(options: DashboardOptions) {
  const faults = optionFaults(options, OPTIONS, 'startDashboard');
  if (!isOptions(options)) throw new OptionsInvalid('cannot start the dashboard', faults);
  const fault = (path: string, reason: string | undefined): void => {
    if (reason !== undefined) faults.push({ path, reason });
  };
  const duration = (path: string, value: unknown): number => {
    const ms = parseTimerDuration(value);
    fault(path, typeof ms === 'string' ? ms : undefined);
    return typeof ms === 'string' ? 0 : ms;
  };
  const { prefix = DEFAULT_PREFIX, port = DEFAULTS.port, user = DEFAULTS.user, password, readOnly = false } = options;
  const { basePath = DEFAULTS.basePath, session = DEFAULTS.session, discoverEvery = DEFAULTS.discoverEvery } = options;
  const host = options.host ?? (password === undefined ? '127.0.0.1' : '0.0.0.0');
  fault('prefix', prefixFault(prefix));
  fault('port', portFault(port));
  fault('basePath', basePathFault(basePath));
  if (typeof user !== 'string' || user === '') fault('user', 'expected a name');
  // Prometheus logs in by HTTP Basic, where the name ends at the first colon.
  else if (user.includes(':')) fault('user', 'expected a name without a colon');
  fault('password', password === undefined ? undefined : passwordFault(password));
  if (password === undefined && !isLoopback(host)) {
    fault('host', `without a password the host must be a loopback address, got ${showValue(host)}; set a password`);
  }
  const { redact = SECRET_NAMES } = options;
  // A text is a list of characters, too: it would redact the fields that have such names.
  const list = (path: string, value: unknown, faultOf: (item: string) => string | undefined): void => {
    if (!Array.isArray(value)) fault(path, `expected a list of texts, got ${showValue(value)}`);
    else for (const item of value) fault(path, typeof item === 'string' ? faultOf(item) : 'expected a text');
  };
  list('redact', redact, redactFault);
  const { trustProxy = [] } = options;
  list('trustProxy', trustProxy, proxyFault);
  if (typeof readOnly !== 'boolean') fault('readOnly', `expected true or false, got ${showValue(readOnly)}`);
  const sessionMs = duration('session', session);
  if (sessionMs < 60_000 && !faults.some(({ path }) => path === 'session')) fault('session', 'expected at least 1m');
  const discoverEveryMs = duration('discoverEvery', discoverEvery);
  if (faults.length > 0) throw new OptionsInvalid('cannot start the dashboard', faults);

  const credentials: Credentials | undefined = password === undefined ? undefined : { user, password };
  const base = basePath.replace(/\/+$/, '');
  return { prefix, port, host, base, credentials, readOnly, redact, trustProxy, sessionMs, discoverEveryMs };
}

const portFault = (port: number): string | undefined =>
  isPort(port) ? undefined : `expected a port from 0 to 65535, got ${showValue(port)}`;

/** Paths that stay at the root, whatever the base path. */
const RESERVED = /^\/(?:livez|readyz|metrics)\/?$/;

const basePathFault = (path: string): string | undefined => {
  if (RESERVED.test(path)) return `'${path}' is reserved; choose a path such as /bullpen`;
  return path === '/' || /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+\/?$/.test(path)
    ? undefined
    : `expected a path such as /bullpen, got ${showValue(path)}`;
};

function passwordFault(password: string): string | undefined {
  if (typeof password !== 'string') return 'expected a text';
  if (password.length < MIN_PASSWORD) {
    return `expected at least ${MIN_PASSWORD} characters, got ${password.length}`;
  }
  // Whoever names a key file by mistake could never log in.
  const canBeTyped = password.length <= MAX_PASSWORD && !/[\r\n]/.test(password);
  return canBeTyped ? undefined : `expected one line of at most ${MAX_PASSWORD} characters`;
}

const redactFault = (path: string): string | undefined =>
  /^(?:[\p{L}\p{N}_$-]+|\*)(?:\.(?:[\p{L}\p{N}_$-]+|\*))*$/u.test(path) && path.replace(/[.*]/g, '') !== ''
    ? undefined
    : `expected names with dots between them, such as card.number, got ${showValue(path)}`;

/** Names that Fastify has for networks. */
const NETWORKS = new Set(['loopback', 'linklocal', 'uniquelocal']);

const proxyFault = (proxy: string): string | undefined => {
  const [address = '', bits, ...rest] = proxy.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  const isNetwork = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return NETWORKS.has(proxy) || (isIP(address) !== 0 && isNetwork && rest.length === 0)
    ? undefined
    : `expected an address, a network such as 10.0.0.0/8, loopback or uniquelocal, got ${showValue(proxy)}`;
};

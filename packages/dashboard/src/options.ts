import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type Duration, type Fault, type Logger, OptionsInvalid, type RedisAddress } from '@bullpen/shared';
import { DEFAULT_PREFIX, isPort, parseTimerDuration, prefixFault } from '@bullpen/shared/internal';
import { isLoopback } from './guard/loopback.js';
import type { Credentials } from './login/credentials.js';
import { SECRET_NAMES } from './redact/redactor.js';

/** Options of `startDashboard`. */
export interface DashboardOptions {
  /** As for a producer: a URL of a server, of sentinels or of a cluster. */
  readonly redis: RedisAddress;
  /** The first part of every key on Redis. Default `'bullpen'`. */
  readonly prefix?: string;
  /** Default 3000; 0 takes any that is free. */
  readonly port?: number;
  /** The address to listen on. Default `'0.0.0.0'` with a password, `'127.0.0.1'` without one. */
  readonly host?: string;
  /** Who may log in; default `'bullpen'`. */
  readonly user?: string;
  /**
   * At least 12 characters. Without one there is no login, and the host must be a loopback address.
   */
  readonly password?: string | undefined;
  /** How long a login lasts. Default `'12h'`. */
  readonly session?: Duration;
  /**
   * Where a reverse proxy has put the dashboard, `'/bullpen'` say. The proxy passes the path on as
   * it is. Default `'/'`.
   */
  readonly basePath?: string;
  /**
   * The proxies whose `X-Forwarded-*` headers are true: addresses, networks (`10.0.0.0/8`),
   * `loopback`, `uniquelocal`. Default none.
   */
  readonly trustProxy?: readonly string[];
  /** Refuses whatever changes something. Default false. */
  readonly readOnly?: boolean;
  /**
   * What is redacted; see `createRedactor`. Default {@link SECRET_NAMES}; `[]` shows everything.
   */
  readonly redact?: readonly string[];
  /** The shortest time between two looks for new queues. Default `'10s'`. */
  readonly discoverEvery?: Duration;
  readonly logger?: Logger;
}

/** A shorter password could be found by trying. */
export const MIN_PASSWORD = 12;
/** A longer one is not read from a form. */
export const MAX_PASSWORD = 1_024;

/** What is used where nothing else is said. */
export const DEFAULTS = { port: 3000, user: 'bullpen', session: '12h', discoverEvery: '10s', basePath: '/' } as const;

/**
 * Reads what is not as it stands.
 * @throws OptionsInvalid with every fault
 */
export function readOptions(options: DashboardOptions) {
  const faults: Fault[] = [];
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
  if (user === '') fault('user', 'expected a name');
  // HTTP Basic, by which Prometheus logs in, ends the name at the first colon.
  if (user.includes(':')) fault('user', 'expected a name without a colon');
  fault('password', password === undefined ? undefined : passwordFault(password));
  if (password === undefined && !isLoopback(host)) {
    fault('host', `without a password only a loopback address is listened on, got '${host}'; set a password`);
  }
  const { redact = SECRET_NAMES } = options;
  for (const path of redact) fault('redact', redactFault(path));
  const { trustProxy = [] } = options;
  for (const proxy of trustProxy) fault('trustProxy', proxyFault(proxy));
  const sessionMs = duration('session', session);
  if (sessionMs > 0 && sessionMs < 60_000) fault('session', 'must be at least 1m');
  const discoverEveryMs = duration('discoverEvery', discoverEvery);
  if (faults.length > 0) throw new OptionsInvalid('cannot start the dashboard', faults);

  const credentials: Credentials | undefined = password === undefined ? undefined : { user, password };
  const base = basePath.replace(/\/+$/, '');
  return { prefix, port, host, base, credentials, readOnly, redact, trustProxy, sessionMs, discoverEveryMs };
}

const portFault = (port: number): string | undefined =>
  isPort(port) ? undefined : `expected a port, 0 to 65535, got ${port}`;

/** What is at the root, whatever the base path. */
const TAKEN = /^\/(?:livez|readyz|metrics)\/?$/;

const basePathFault = (path: string): string | undefined => {
  if (TAKEN.test(path)) return `'${path}' is taken; choose a path such as /bullpen`;
  return path === '/' || /^(?:\/[A-Za-z0-9._~-]+)+\/?$/.test(path)
    ? undefined
    : `expected a path such as /bullpen, got '${path.slice(0, 60)}'`;
};

function passwordFault(password: string): string | undefined {
  if (password.length < MIN_PASSWORD) {
    return `expected at least ${MIN_PASSWORD} characters, got ${password.length}`;
  }
  // A key file by mistake, say: nobody could log in.
  const isTyped = password.length <= MAX_PASSWORD && !/[\r\n]/.test(password);
  return isTyped ? undefined : `expected one line of at most ${MAX_PASSWORD} characters`;
}

const redactFault = (path: string): string | undefined =>
  /^(?:[\p{L}\p{N}_$-]+|\*)(?:\.(?:[\p{L}\p{N}_$-]+|\*))*$/u.test(path) && path.replace(/[.*]/g, '') !== ''
    ? undefined
    : `expected names with dots between them, such as card.number, got '${path.slice(0, 60)}'`;

/** Names of networks that Fastify knows. */
const NETWORKS = new Set(['loopback', 'linklocal', 'uniquelocal']);

const proxyFault = (proxy: string): string | undefined => {
  const [address = '', bits, ...rest] = proxy.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  const isNetwork = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return NETWORKS.has(proxy) || (isIP(address) !== 0 && isNetwork && rest.length === 0)
    ? undefined
    : `expected an address, a network such as 10.0.0.0/8, loopback or uniquelocal, got '${proxy.slice(0, 60)}'`;
};

/**
 * Reads a password from a file, as Docker and Kubernetes hand out secrets; a line break at its end
 * is not part of it.
 * @throws OptionsInvalid when it cannot be read
 */
export function readPasswordFile(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new OptionsInvalid('cannot start the dashboard', [{ path: setting, reason: (error as Error).message }]);
  }
}

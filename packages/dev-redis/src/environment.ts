import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Everything that this package reads from its environment. */
export interface Environment {
  readonly redisUrl: string | undefined;
  readonly path: string;
  readonly dockerHost: string | undefined;
  readonly runtimeFolder: string | undefined;
  readonly cacheFolder: string;
}

/** Reads the environment; an empty variable counts as not set. */
// biome-ignore lint/style/noProcessEnv: this package's one door to the environment
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const cache = env['XDG_CACHE_HOME'];
  return {
    redisUrl: env['REDIS_URL'] || undefined,
    path: env['PATH'] ?? env['Path'] ?? '',
    dockerHost: env['DOCKER_HOST'] || undefined,
    runtimeFolder: env['XDG_RUNTIME_DIR'] || undefined,
    // The XDG specification says to ignore relative paths.
    cacheFolder: cache !== undefined && isAbsolute(cache) ? cache : join(homedir(), '.cache'),
  };
}

/** The environment of a supervisor: the owner's, without what would be wrong there. */
export function supervisorEnvironment(dockerHost: string | undefined): NodeJS.ProcessEnv {
  // NODE_OPTIONS holds the owner's debugger, loaders and coverage. The supervisor needs none of
  // them.
  // biome-ignore lint/style/noProcessEnv: this package's one door to the environment
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  return {
    // The supervisor stops its container itself. The reaper of testcontainers is one more image
    // that would have to be pulled.
    TESTCONTAINERS_RYUK_DISABLED: 'true',
    ...inherited,
    ...(dockerHost !== undefined && { DOCKER_HOST: dockerHost }),
  };
}

/** The environment of a Redis server. */
export function redisEnvironment(libraryFolders: readonly string[]): NodeJS.ProcessEnv {
  return {
    // biome-ignore lint/style/noProcessEnv: this package's one door to the environment
    ...process.env,
    // Redis does not start when the locale is set but not installed, which is common in containers
    // and over ssh.
    LC_ALL: 'C',
    ...(libraryFolders.length > 0 && { LD_LIBRARY_PATH: libraryFolders.join(':') }),
  };
}

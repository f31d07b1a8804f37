import type { OsRelease } from './os-release.js';

const byFamily: ReadonlyMap<string, string> = new Map([
  ['debian', 'apt-get install redis-server'],
  ['ubuntu', 'apt-get install redis-server'],
  ['fedora', 'dnf install valkey (or redis)'],
  ['rhel', 'dnf install valkey (or redis)'],
  ['alpine', 'apk add redis'],
  ['arch', 'pacman -S valkey'],
  ['suse', 'zypper install redis'],
]);

/** Says how to get a Redis on this machine: the last line of the error that no Redis was found. */
export function installAdvice(platform: NodeJS.Platform, osRelease?: OsRelease): string {
  return `To get one: ${installation(platform, osRelease)}; or start Docker; or set REDIS_URL to a Redis you have.`;
}

function installation(platform: NodeJS.Platform, osRelease: OsRelease | undefined): string {
  if (platform === 'darwin') return 'brew install redis';
  if (platform === 'win32') return 'install Docker Desktop, or work inside WSL with its redis-server';
  for (const family of osRelease?.family ?? []) {
    const command = byFamily.get(family);
    if (command !== undefined) return command;
  }
  return "install your system's redis or valkey package";
}

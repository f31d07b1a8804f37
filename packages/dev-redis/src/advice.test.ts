import { describe, expect, it } from 'vitest';
import { installAdvice } from './advice.js';
import type { OsRelease } from './os-release.js';

function linux(id: string, ...ancestors: string[]): OsRelease {
  return { id, name: id, codename: '1', family: [id, ...ancestors] };
}

describe('installAdvice', () => {
  it.each([
    ['macOS', 'darwin', undefined, 'brew install redis'],
    ['Windows', 'win32', undefined, 'Docker Desktop'],
    ['Debian', 'linux', linux('debian'), 'apt-get install redis-server'],
    ['Mint, by way of Ubuntu', 'linux', linux('linuxmint', 'ubuntu', 'debian'), 'apt-get install redis-server'],
    ['Fedora', 'linux', linux('fedora'), 'dnf install valkey'],
    ['Rocky', 'linux', linux('rocky', 'rhel', 'centos', 'fedora'), 'dnf install valkey'],
    ['Alpine', 'linux', linux('alpine'), 'apk add redis'],
    ['Arch', 'linux', linux('arch'), 'pacman -S valkey'],
    ['openSUSE', 'linux', linux('opensuse-leap', 'suse', 'opensuse'), 'zypper install redis'],
    ['an unknown Linux', 'linux', linux('nixos'), "your system's redis or valkey package"],
    ['a Linux without os-release', 'linux', undefined, "your system's redis or valkey package"],
  ] as const)('has advice for %s', (_, platform, osRelease, command) => {
    expect(installAdvice(platform, osRelease)).toContain(command);
  });

  it('always names the two ways that install no Redis', () => {
    expect(installAdvice('darwin')).toMatch(/start Docker.*REDIS_URL/);
  });
});

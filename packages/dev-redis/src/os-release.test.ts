import { describe, expect, it } from 'vitest';
import { parseOsRelease } from './os-release.js';

describe('parseOsRelease', () => {
  it('reads Debian', () => {
    const text =
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_CODENAME=bookworm\nID=debian\n';
    expect(parseOsRelease(text)).toEqual({ id: 'debian', name: 'Debian', codename: 'bookworm', family: ['debian'] });
  });

  it('reads the ancestors of a derivative, in single quotes', () => {
    const { family } = parseOsRelease("ID=linuxmint\nID_LIKE='ubuntu  debian'\n");
    expect(family).toEqual(['linuxmint', 'ubuntu', 'debian']);
  });

  it('falls back to the version where releases have no code names', () => {
    expect(parseOsRelease('ID=alpine\nNAME="Alpine Linux"\nVERSION_ID=3.20.3\n')).toMatchObject({
      name: 'Alpine',
      codename: '3.20.3',
    });
  });

  it('falls back to rolling where there is no version either', () => {
    expect(parseOsRelease('ID=arch\nNAME="Arch Linux"\n').codename).toBe('rolling');
  });

  it('ignores comments and empty lines, and resolves escapes', () => {
    expect(parseOsRelease('# comment\n\nID="a\\"b"\r\n').id).toBe('a"b');
  });
});

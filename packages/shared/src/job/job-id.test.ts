import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashKey, idForKey, newId, newMark } from './job-id.js';

/** Any text JavaScript can hold, halves of surrogate pairs included. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
);
const anyJobName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,30}$/);

const HOSTILE_KEYS = [
  ...['active', 'wait', 'id', 'meta', 'events', 'marker', '0', '1', '-1', '1:2:3', ':', '*', ' ', '\0', '\n', '{x}'],
  ...[
    'k-active',
    '😀',
    'ключ',
    'é',
    'e\u0301',
    '\ufeff',
    '\ud83d',
    '\ude00',
    '\ud800',
    '\udfff',
    '\ufffd',
    '\ufffd\ufffd',
  ],
  ...['x'.repeat(1_000), 'x'.repeat(999), '_', '__', 'a_b', 'a b', 'a.b', 'A', 'a'],
];

describe('hashKey', () => {
  it('gives the same job and key the same hash, in every release', () => {
    expect(hashKey('mail.send', 'order-1')).toBe('HgpKGLxQlAf_geXXpkaVY6');
  });

  it('gives all hostile keys different hashes, also lone surrogates', () => {
    expect(new Set(HOSTILE_KEYS.map((key) => hashKey('mail.send', key))).size).toBe(HOSTILE_KEYS.length);
    const hashes = Array.from({ length: 2_048 }, (_, at) => hashKey('mail.send', String.fromCharCode(0xd800 + at)));
    expect(new Set(hashes).size).toBe(2_048);
  });

  it('gives different keys different hashes', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        fc.pre(one !== other);
        expect(hashKey('mail.send', one)).not.toBe(hashKey('mail.send', other));
      }),
    );
  });

  it('gives the same key under different job names different hashes', () => {
    fc.assert(
      fc.property(anyJobName, anyJobName, anyText, (one, other, key) => {
        fc.pre(one !== other);
        expect(hashKey(one, key)).not.toBe(hashKey(other, key));
      }),
    );
  });

  it('gives different hashes when a letter moves from the key to the name', () => {
    expect(hashKey('mail', 'send')).not.toBe(hashKey('mails', 'end'));
  });
});

describe('idForKey', () => {
  it('has a short readable part of the key for people, the hash, and the mark', () => {
    const hash = '[A-Za-z0-9_-]{22}';
    expect(idForKey('mail.send', 'Order 17/é: paid', 'm1')).toMatch(new RegExp(`^k-Order_17_paid-${hash}-m1$`));
    expect(idForKey('mail.send', 'x'.repeat(1_000), 'm1')).toMatch(new RegExp(`^k-x{40}-${hash}-m1$`));
  });

  it('is never an id that BullMQ reads as something else, whatever the key', () => {
    fc.assert(
      fc.property(anyJobName, anyText, (name, key) => {
        expect(idForKey(name, key, newMark())).toMatch(/^k-[A-Za-z0-9_-]{0,40}-[A-Za-z0-9_-]{22}-[a-z0-9]{12}$/);
      }),
      { examples: HOSTILE_KEYS.map((key) => ['mail.send', key]) },
    );
  });
});

describe('newId', () => {
  it('is new each time, and never an id that BullMQ reads as something else', () => {
    const ids = Array.from({ length: 100 }, newId);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^j-[0-9a-f-]{36}$/);
  });
});

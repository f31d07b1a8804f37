import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Redis } from './redis.js';
import { sendNow, writeTogether } from './write-together.js';

/** A socket that remembers what went out in one go. */
function openSocket(isSlow = false) {
  const sent: string[] = [];
  const take = (text: string, done: () => void): void => {
    sent.push(text);
    if (!isSlow) done();
  };
  const stream = new Writable({
    decodeStrings: false,
    write: (text, _, done) => take(String(text), done),
    writev: (parts, done) => take(parts.map(({ chunk }) => String(chunk)).join(' '), done),
  });
  return { stream, sent };
}

/** A connection over such a socket. */
function connected(isSlow = false) {
  const { stream, sent } = openSocket(isSlow);
  const redis = Object.assign(new EventEmitter(), { stream });
  writeTogether(redis as unknown as Redis);
  redis.emit('connect');
  return { redis: redis as unknown as Redis & EventEmitter, stream, sent };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('writeTogether', () => {
  it('sends in one go what is written in one turn, in its order, when its promises have run', async () => {
    const { stream, sent } = connected();
    stream.write('a');
    stream.write('b');
    void Promise.resolve().then(() => stream.write('c'));
    expect(sent).toEqual([]);
    await turn();
    expect(sent).toEqual(['a b c']);
  });

  it('sends what is written in the next turn by itself', async () => {
    const { stream, sent } = connected();
    stream.write('a');
    await turn();
    stream.write('b');
    await turn();
    expect(sent).toEqual(['a', 'b']);
  });

  it('sends eight writes without waiting for more: Redis works on them meanwhile', async () => {
    const { stream, sent } = connected();
    for (let at = 1; at <= 18; at += 1) stream.write(String(at));
    expect(sent).toHaveLength(2);
    await turn();
    expect(sent.join(' ').split(' ')).toEqual(Array.from({ length: 18 }, (_, at) => String(at + 1)));
  });

  it('goes on with the socket of the next connection', () => {
    const { redis, stream } = connected();
    stream.write('lost');
    const next = openSocket();
    Object.assign(redis, { stream: next.stream });
    redis.emit('connect');
    next.stream.write('a');
    expect(next.sent).toEqual([]);
    expect(sendNow(redis)).toBe(true);
    expect(next.sent).toEqual(['a']);
  });
});

describe('sendNow', () => {
  it('sends at once what was held back, and says that the system has taken it', async () => {
    const { redis, stream, sent } = connected();
    stream.write('a');
    stream.write('b');
    expect(sendNow(redis)).toBe(true);
    expect(sent).toEqual(['a b']);
    await turn();
    expect(sent).toEqual(['a b']);
  });

  it('says so when the system takes no more for now', () => {
    const { redis, stream } = connected(true);
    stream.write('a');
    expect(sendNow(redis)).toBe(false);
  });

  it('has nothing to send on a connection that is not there, and says that nothing is certain', () => {
    expect(sendNow(new EventEmitter() as unknown as Redis)).toBe(false);
  });
});

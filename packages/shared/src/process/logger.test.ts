import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest';
import { createLogger, type LoggerOptions } from './logger.js';

/**
 * A logger that writes into a file in place of this process' stdout and stderr, and a way to read
 * what it wrote.
 */
function loggerIntoFile(options: LoggerOptions = {}, terminal: object = { isTTY: false }) {
  const folder = mkdtempSync(join(tmpdir(), 'bullpen-log-'));
  const to = options.to ?? 'stdout';
  const fd = openSync(join(folder, 'log'), 'w');
  onTestFinished(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  vi.spyOn(process, to, 'get').mockReturnValue({ fd, ...terminal } as never);
  const read = () => readFileSync(join(folder, 'log'), 'utf8');
  return {
    log: createLogger(options),
    read,
    lines: () =>
      read()
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('createLogger', () => {
  it('writes one line of JSON per record, at once', () => {
    const { log, lines } = loggerIntoFile();
    log.info({ job: 'mail.send', jobId: 'j-1' }, 'attempt completed');
    expect(lines()).toMatchObject([{ level: 30, job: 'mail.send', jobId: 'j-1', msg: 'attempt completed' }]);
    expect(new Date(lines()[0].time).getTime()).not.toBeNaN();
  });

  it('writes to stderr when results own stdout', () => {
    const { log, lines } = loggerIntoFile({ to: 'stderr' });
    log.warn('careful');
    expect(lines()).toMatchObject([{ level: 40, msg: 'careful' }]);
  });

  it('takes undefined for an option, also with exactOptionalPropertyTypes', () => {
    expectTypeOf<{ level: string | undefined; to: undefined }>().toExtend<LoggerOptions>();
  });

  it('refuses a level or a stream that there is not', () => {
    const made = (options: object) => () => createLogger(options);
    expect(made({ level: 'loud' })).toThrow(/level: expected trace, debug, .*, silent, got 'loud'$/);
    expect(made({ level: null, to: 'file' })).toThrow(
      /level: .* got null; to: expected 'stdout' or 'stderr', got 'file'$/,
    );
  });

  it('keeps quiet below its level', () => {
    const { log, lines } = loggerIntoFile({ level: 'warn' });
    log.info('not this');
    log.error('but this');
    expect(lines()).toMatchObject([{ msg: 'but this' }]);
  });

  it('takes passwords out of every place in a line: message, error, stack, nested field, child', () => {
    const { log, lines, read } = loggerIntoFile();
    const url = 'redis://user:hunter2@host:6379/0';
    log.info(`connecting to ${url}`);
    log.error({ err: new Error(`cannot reach ${url}`, { cause: new Error(`refused by ${url}`) }) }, 'failed');
    log.info({ a: { deep: [{ url }, `"${url}"`] }, json: JSON.stringify({ url }) }, 'nested');
    log.child({ redis: url }).info('child');
    expect(read()).not.toContain('hunter2');
    expect(lines().map(({ msg }) => msg)).toEqual([
      ...['connecting to redis://***@host:6379/0', 'failed', 'nested', 'child'],
    ]);
    expect(lines()[1].err.message).toContain('redis://***@host:6379/0');
    expect(lines()[2].a.deep[0]).toEqual({ url: 'redis://***@host:6379/0' });
    expect(JSON.parse(lines()[2].json)).toEqual({ url: 'redis://***@host:6379/0' });
  });

  it('is readable on a terminal, and takes passwords out there too', () => {
    const { log, read } = loggerIntoFile({}, { isTTY: true, hasColors: () => false });
    log.error({ err: new Error('cannot reach redis://user:hunter2@host') }, 'redis is unavailable');
    expect(read()).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] ERROR: redis is unavailable\n/);
    expect(read()).toContain('cannot reach redis://***@host');
    expect(read()).not.toContain('hunter2');
  });

  it('writes JSON on a terminal where pino-pretty is not installed, and says once how to get readable lines', () => {
    const loader = Module as unknown as { _load(name: string, ...rest: unknown[]): unknown };
    const load = loader._load;
    vi.spyOn(loader, '_load').mockImplementation((name, ...rest) => {
      if (name === 'pino-pretty') throw new Error("Cannot find module 'pino-pretty'");
      return load(name, ...rest);
    });
    const [first, second] = [1, 2].map(() => {
      const { log, lines } = loggerIntoFile({}, { isTTY: true, hasColors: () => false });
      log.info('attempt completed');
      return lines().map(({ msg }) => msg);
    });
    expect(first).toEqual([expect.stringContaining('npm install pino-pretty'), 'attempt completed']);
    expect(second).toEqual(['attempt completed']);
  });

  it.each([
    ['null', null, 'handler threw null'],
    ['a number', 42, 'handler threw 42'],
    ['a text', 'boom', 'handler threw "boom"'],
    ['an object that cannot be looked at', hostile(), 'handler threw something that cannot be shown'],
    ['an error whose message throws', Object.defineProperty(new Error('x'), 'message', { get: fail }), 'handler threw'],
  ])('writes a line about whatever was thrown: %s', (_, err, message) => {
    const { log, lines } = loggerIntoFile();
    log.error({ err }, 'nobody caught an error');
    expect(lines()).toMatchObject([
      { msg: 'nobody caught an error', err: { message: expect.stringContaining(message) } },
    ]);
  });

  it('does not throw at whoever logs when the line cannot be written', async () => {
    // Takes nothing, as a file on a full disk.
    const fd = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(fd));
    vi.spyOn(process, 'stdout', 'get').mockReturnValue({ fd, isTTY: false } as never);
    const log = createLogger();
    for (let at = 0; at < 3; at += 1) expect(() => log.info('attempt completed')).not.toThrow();
    await new Promise((resolve) => setImmediate(resolve));
  });
});

function fail(): never {
  throw new Error('even looking at this throws');
}

function hostile(): object {
  return new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail, ownKeys: fail });
}

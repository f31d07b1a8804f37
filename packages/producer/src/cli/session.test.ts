import { defineJob, ModuleInvalid, OptionsInvalid } from '@bullpen/shared';
import { inFlags } from '@bullpen/shared/command';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import type { Producer } from '../producer.js';
import { optionFlags } from './option-flags.js';
import { buildProgram } from './program.js';
import { findJob, withProducer } from './session.js';

export const mail = defineJob({ name: 'session.mail', payload: z.unknown() });
export const list = [defineJob({ name: 'session.print', payload: z.unknown() }), 'something else'];

/** This very file is the module with the jobs. */
const HERE = new URL(import.meta.url).pathname;

/** What the command line ends with. */
function endOf(...args: string[]): Promise<unknown> {
  const { program } = buildProgram();
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  }
  return program.parseAsync(['node', 'bullpen-producer', ...args]).then(
    () => 'ended well',
    (error: unknown) => error,
  );
}

describe('findJob', () => {
  it('finds a job by its name among the exports, in lists too', async () => {
    expect((await findJob(HERE, 'session.mail')).name).toBe('session.mail');
    expect((await findJob(HERE, 'session.print')).name).toBe('session.print');
  });

  it('suggests the name that is nearly right, else names all there are', async () => {
    await expect(findJob(HERE, 'session.mial')).rejects.toThrow(
      /has no job 'session\.mial'\. Did you mean 'session\.mail'\?/,
    );
    await expect(findJob(HERE, 'something.quite.different')).rejects.toThrow(/It has: session\.mail, session\.print\./);
  });

  it('asks for the module when none was named', async () => {
    await expect(findJob(undefined, 'session.mail')).rejects.toThrow(OptionsInvalid);
  });

  it('refuses a module without jobs', async () => {
    const empty = new URL('./print.ts', import.meta.url).pathname;
    await expect(findJob(empty, 'session.mail')).rejects.toThrow(ModuleInvalid);
    await expect(findJob(empty, 'session.mail')).rejects.toThrow(
      /exports no job \(.*\); export what defineJob\(\) returns$/,
    );
  });
});

describe('withProducer', () => {
  it('closes the producer whatever happens', async () => {
    let closed = 0;
    const producer = {
      async close() {
        closed += 1;
      },
    } as Producer;
    expect(await withProducer(producer, async () => 'done')).toBe('done');
    await expect(withProducer(producer, () => Promise.reject(new Error('boom')))).rejects.toThrow('boom');
    expect(closed).toBe(2);
  });
});

describe('the command line', () => {
  it('says what is wrong with every setting at once, by its flag', async () => {
    const flags = ['--delay', 'soon', '--expires-in', '-1s', '--redis', 'http://x'];
    expect(await endOf('enqueue', 'session.mail', '--data', '1', ...flags)).toMatchObject({
      code: 'BULLPEN_CONFIG_INVALID',
      faults: [
        { path: '--redis', reason: expect.stringContaining('expected redis://') },
        { path: '--delay', reason: "expected a duration such as '30s' or milliseconds, got 'soon'" },
        { path: '--expires-in', reason: "a duration cannot be negative, got '-1s'" },
      ],
    });
  });

  it('takes a time with its zone, and either a delay or a time', async () => {
    const enqueue = (...flags: string[]) => endOf('--jobs', HERE, 'enqueue', 'session.mail', '--data', '1', ...flags);
    for (const time of ['tomorrow', '300', '2026-12-01T09:00:00', '2026-13-01T09:00:00Z']) {
      const reason = `expected a time with its zone, such as 2026-12-01T09:00:00Z, got '${time}'`;
      expect(await enqueue('--at', time)).toMatchObject({ faults: [{ path: '--at', reason }] });
      expect(await enqueue('--expires-at', time)).toMatchObject({ faults: [{ path: '--expires-at', reason }] });
    }
    const soon = new Date(Date.now() + 60_000).toISOString();
    const both = await enqueue('--at', soon, '--delay', '5s', '--expires-at', soon, '--expires-in', '1h');
    expect(inFlags(both, optionFlags)).toMatchObject({
      message:
        'cannot enqueue session.mail: --at: give either a delay or a time; --expires-at: give either a duration or a time',
    });
  });

  it('has no log level: it logs nothing', async () => {
    expect(await endOf('queues', '--log-level', 'debug')).toMatchObject({ code: 'commander.unknownOption' });
  });

  it('says what a priority is', async () => {
    for (const args of [
      ['enqueue', 'x', '--data', '1'],
      ['batch', 'x', 'rows.csv'],
    ]) {
      expect(await endOf(...args, '--priority', 'high')).toMatchObject({
        faults: [{ path: '--priority', reason: "expected a whole number from 1 to 2097151, got 'high'" }],
      });
    }
  });

  it('takes the settings of all commands before and after the command', async () => {
    for (const args of [
      ['--jobs', '/no/such/module.js', 'enqueue', 'x', '--data', '1'],
      ['enqueue', 'x', '--data', '1', '--jobs', '/no/such/module.js'],
    ]) {
      expect(await endOf(...args)).toMatchObject({ message: '--jobs: there is no file /no/such/module.js' });
    }
  });

  it('refuses a payload that is no JSON', async () => {
    const error = await endOf('--jobs', HERE, 'enqueue', 'session.mail', '--data', '{');
    expect(error).toMatchObject({ faults: [{ path: '--data', reason: expect.stringMatching(/^is not JSON: /) }] });
  });

  it('says what is wrong under its own name, what may have been meant, and where help is', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    const said = async (...args: string[]): Promise<string> => {
      write.mockClear();
      const error = await buildProgram()
        .program.parseAsync(['node', 'bullpen-producer', ...args])
        .then(
          () => 'ended well',
          (thrown: unknown) => thrown,
        );
      const own = (error as { code?: string }).code?.startsWith('commander.') === true ? '' : (error as Error).message;
      return write.mock.calls.map(([text]) => text).join('') + own;
    };
    expect(await said('enqueu')).toBe(
      "bullpen-producer: unknown command 'enqueu'\n(Did you mean enqueue?)\nSee bullpen-producer --help\n",
    );
    expect(await said('batches', 'show', 'a', '--qeue\u001B[2J', 'b')).toBe(
      "bullpen-producer: unknown option '--qeue [2J'\nSee bullpen-producer batches show --help\n",
    );
    expect(await said('batches', 'shw', 'a', 'b')).toBe("batches: no such command 'shw'. Did you mean 'show'?");
  });

  it('refuses a command and an option that it does not know', async () => {
    expect(await endOf('enqueu')).toMatchObject({ code: 'commander.unknownCommand' });
    expect(await endOf('enqueue', 'x', '--data', '1', '--dealy', '5s')).toMatchObject({
      code: 'commander.unknownOption',
    });
    expect(await endOf('batch', 'x', 'rows.txt', '--format', 'xml')).toMatchObject({ code: 'BULLPEN_CONFIG_INVALID' });
  });
});

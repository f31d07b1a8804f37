import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BatchConflict, OptionsInvalid, PayloadInvalid } from '../job/errors/call-errors.js';
import { addFlags, inFlags } from './flags.js';
import { durationSetting, switchSetting } from './setting-schemas.js';

const text = z.string();
const settings = {
  lease: { flag: '--lease <duration>', env: 'LEASE', schema: durationSetting, default: '10s', help: 'how long' },
  stuck: { flag: '--stuck', env: 'STUCK', schema: switchSetting, help: 'exit when stuck' },
  output: { flag: '--output <file>', schema: text, help: 'write here', defaultHelp: 'the standard output' },
  queue: { flag: '--queue <name>', schema: z.array(text), help: 'only this queue', repeatable: true },
  password: { env: 'PASSWORD', schema: text },
};

type Collect = (value: string, before: unknown) => unknown;

describe('addFlags', () => {
  const options: [flags: string, description: string, collect?: Collect][] = [];
  const command = { option: (...args: (typeof options)[number]) => options.push(args) };
  addFlags(command, settings);

  it('appends the variable and the default to the help, and adds no flag for a secret', () => {
    expect(options.map(([flags, description]) => `${flags}: ${description}`)).toEqual([
      '--lease <duration>: how long (LEASE; default 10s)',
      '--stuck: exit when stuck (STUCK=1)',
      '--output <file>: write here (default the standard output)',
      '--queue <name>: only this queue',
    ]);
  });

  it('collects the values of a flag that can be given more than once', () => {
    const collects = options.map(([, , collect]) => collect);
    expect(collects.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(collects[3]?.('b', collects[3]('a', undefined))).toEqual(['a', 'b']);
  });
});

describe('inFlags', () => {
  const messageOf = (error: unknown): string => (inFlags(error, settings) as Error).message;

  it('names options by their flags or variables, and leaves other names as they are', () => {
    const faults = ['lease', 'password', '--jobs', 'constructor', ''].map((path) => ({ path, reason: 'odd' }));
    expect(messageOf(new OptionsInvalid('cannot start', faults))).toBe(
      'cannot start: --lease: odd; PASSWORD: odd; --jobs: odd; constructor: odd; odd',
    );
  });

  it('also names the options in which two batches differ', () => {
    const other = new BatchConflict({ name: 'a' }, "batch 'a' exists and is another one", [
      { path: 'lease', reason: 'was 1s, is 2s' },
    ]);
    expect(messageOf(other)).toBe("batch 'a' exists and is another one: --lease was 1s, is 2s. Give it another name.");
  });

  it('returns other errors as they are: the fields of a payload are not options', () => {
    const error = new PayloadInvalid('payload of mail.send', [{ path: 'lease', reason: 'odd' }]);
    expect(inFlags(error, settings)).toBe(error);
  });
});

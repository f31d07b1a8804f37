import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { openRedis, showRedis } from '../redis/redis.js';
import { redisAddressFault } from '../redis/redis-address.js';
import { guideCommand } from './command-guide.js';
import { commonSettings } from './command-settings.js';
import { readConfig } from './config.js';
import { reportFailure } from './exit-code.js';
import { loadModule } from './load-module.js';

const MARKER = 'hunter2';
/** Characters that end a part of a URL, or a quotation, or that others escape. */
const odd = fc
  .array(fc.constantFrom(...'aZ9-._~/?#@:%&=,;[]{}()<>|^`\\"\'!$*+ \n\t', '%2F', 'é', 'x'.repeat(70)))
  .map((all) => all.join(''));

/** An address with a password, right or wrong. */
const anyAddress = fc
  .record({
    scheme: fc.constantFrom(
      ...['redis://', 'rediss://', 'REDIS://', 'redis:', 'redis:/', '//', '', 'http://', 'valkey://'],
      ...['redis+sentinel://', 'rediss+sentinel://', 'redis+cluster://', 'redis+other://'],
    ),
    user: fc.constantFrom('', 'bob', 'default', 'b%b'),
    before: odd,
    after: odd,
    rest: fc.constantFrom(...['host', 'host:6379/0', 'h1:1,h2:2/m/0', 'host/x', 'host?db=3', 'host#1', '[::1]']),
  })
  .chain(({ scheme, user, before, after, rest }) => {
    const password = `${before}${MARKER}${after}`;
    return fc.constantFrom(
      `${scheme}${user}:${password}@${rest}`,
      `redis+sentinel://h1,h2/m?sentinelPassword=${encodeURIComponent(password)}`,
      `redis+sentinel://h1,h2/m/0?sentinelUsername=me&sentinelPassword=${password}`,
    );
  });

/** What a program writes to stderr for an error. */
function reported(error: unknown): string {
  const written: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  reportFailure('pen', error);
  write.mockRestore();
  return written.join('');
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** What a command says when its parser fails with this message. */
function outputError(message: string): string {
  let said = '';
  const command = {
    commands: [],
    name: () => 'pen',
    exitOverride: () => undefined,
    configureHelp: () => undefined,
    showHelpAfterError: () => undefined,
    addHelpText: () => undefined,
    createHelp: () => ({ boxWrap: (text: string) => text }),
    configureOutput(output: { outputError: (text: string, write: (text: string) => void) => void }) {
      output.outputError(message, (text) => {
        said += text;
      });
    },
  };
  guideCommand(command, {});
  return said;
}

const others = { prefix: commonSettings.prefix, mode: { flag: '--mode <mode>', schema: z.enum(['a']) } };

it('no message shows the password of an address, whatever form the address has, and wherever it was written', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const isRight = redisAddressFault(address) === undefined;
      const said = [
        redisAddressFault(address) ?? showRedis(address),
        reported(errorOf(() => readConfig(commonSettings, { redis: address }, {}))),
        reported(errorOf(() => readConfig(commonSettings, {}, { REDIS_URL: address }))),
        reported(errorOf(() => readConfig(commonSettings, { redisFile: address }, {}))),
        reported(errorOf(() => readConfig(others, { prefix: address, mode: address }, {}))),
        isRight ? '' : reported(errorOf(() => openRedis(address, 'producer', 'pen'))),
        outputError(`error: unknown option '--reddis=${address}'`),
        outputError(`error: unknown command '${address}'`),
      ];
      for (const text of said) expect(text).not.toContain(MARKER);
    }),
    { numRuns: 2_000 },
  );
});

it('a password that looks like an option is no name of an option', () => {
  for (const password of [`'-${MARKER}=-`, ` '--${MARKER}=(`, `''-${MARKER}=+`]) {
    expect(outputError(`error: unknown command 'redis://:${password}@host'`)).not.toContain(MARKER);
  }
});

it('neither does the message about a module', async () => {
  onTestFinished(() => void vi.restoreAllMocks());
  await fc.assert(
    fc.asyncProperty(anyAddress, async (address) => {
      const wanted = { flag: '--jobs', what: 'job', madeBy: 'defineJob()', is: (_: unknown): _ is string => true };
      const error = await loadModule(address, wanted).catch((reason: unknown) => reason);
      expect(reported(error)).not.toContain(MARKER);
    }),
  );
});

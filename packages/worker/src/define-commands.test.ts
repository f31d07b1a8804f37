import type { Redis } from '@bullpen/shared/internal';
import { expect, it } from 'vitest';
import { defineCommands, NEEDED_COMMANDS } from './define-commands.js';

it('gives every script a header; a full Redis refuses the progress of a job and nothing else', () => {
  const [headers, called] = [new Map<string, string>(), new Set<string>()];
  defineCommands({
    defineCommand(name: string, { lua }: { lua: string }) {
      headers.set(name, lua.split('\n', 1)[0] ?? '');
      if (lua.startsWith('#!lua flags=no-writes'))
        for (const [, command = ''] of lua.matchAll(/call\(\s*['"]([A-Za-z_]+)/g)) called.add(command);
    },
  } as unknown as Redis);
  // Redis counts BITFIELD among the writes, whatever it is asked.
  const READ =
    /^(GET(RANGE)?|HM?GET(ALL)?|HEXISTS|EXISTS|LLEN|[LZ]RANGE|ZREVRANGE|ZSCORE|ZCARD|P?TTL|BITFIELD_RO|COMMAND)$/;
  expect([...called].filter((command) => !READ.test(command))).toEqual([]);
  expect(headers.size).toBeGreaterThan(15);
  const withHeader = (header: string) => [...headers].filter(([, found]) => found === header).map(([name]) => name);
  expect(withHeader('#!lua')).toEqual(['bullpenProgress']);
  const reads = ['bullmq:isMaxed', 'bullpenFetchedBy', 'bullpenOpenRows', 'bullpenDenied'];
  expect(withHeader('#!lua flags=no-writes')).toEqual(reads);
  expect(withHeader('#!lua flags=allow-oom')).toHaveLength(headers.size - 1 - reads.length);
});

it('knows which commands it sends, in BullMQ’s scripts, in ours and outside them', () => {
  expect(NEEDED_COMMANDS).toEqual(
    expect.arrayContaining(['bzpopmin', 'zrangebyscore', 'rpoplpush', 'bitfield', 'time']),
  );
  expect(NEEDED_COMMANDS.filter((name) => !/^[a-z_]{3,20}$/.test(name))).toEqual([]);
  expect(new Set(NEEDED_COMMANDS).size).toBe(NEEDED_COMMANDS.length);
});

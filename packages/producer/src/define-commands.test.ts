import type { Redis } from '@bullpen/shared/internal';
import { expect, it } from 'vitest';
import { defineCommands } from './define-commands.js';

it('gives every script a header; a full Redis refuses those that add', () => {
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
    /^(GET(RANGE)?|HM?GET(ALL)?|HEXISTS|EXISTS|LLEN|LPOS|[LZ]RANGE|ZREVRANGE|ZSCORE|ZCARD|P?TTL|BITFIELD_RO|COMMAND)$/;
  expect([...called].filter((command) => !READ.test(command))).toEqual([]);
  const withHeader = (header: string) => [...headers].filter(([, found]) => found === header).map(([name]) => name);
  const adds = ['bullpenInsertJobs', 'bullpenInsertRows', 'bullpenOpenBatch', 'bullpenNoteColumns'];
  expect(withHeader('#!lua')).toEqual(adds);
  const reads = ['bullpenListBatches', 'bullpenShowBatch', 'bullpenBatchWait', 'bullpenQueuedOpts', 'bullpenPeek'];
  expect(withHeader('#!lua flags=no-writes')).toEqual(reads);
  expect(withHeader('#!lua flags=allow-oom')).toHaveLength(headers.size - adds.length - reads.length);
});

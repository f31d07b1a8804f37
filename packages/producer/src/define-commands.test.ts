import type { Redis } from '@bullpen/shared/internal';
import { expect, it } from 'vitest';
import { defineCommands } from './define-commands.js';

it('gives every script a header; a full Redis refuses those that add', () => {
  const headers = new Map<string, string>();
  defineCommands({
    defineCommand: (name: string, { lua }: { lua: string }) => headers.set(name, lua.split('\n', 1)[0] ?? ''),
  } as unknown as Redis);
  const withHeader = (header: string) => [...headers].filter(([, found]) => found === header).map(([name]) => name);
  expect(withHeader('#!lua')).toEqual(['bullpenInsert', 'bullpenOpenBatch', 'bullpenNoteColumns']);
  expect(withHeader('#!lua flags=no-writes')).toEqual(['bullpenShowBatch', 'bullpenBatchWait', 'bullpenPeek']);
  expect(withHeader('#!lua flags=allow-oom')).toHaveLength(headers.size - 6);
});

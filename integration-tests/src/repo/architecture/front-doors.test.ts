import { readFile } from 'node:fs/promises';
import * as producer from '@bullpen/producer';
import * as shared from '@bullpen/shared';
import * as worker from '@bullpen/worker';
import { describe, expect, it } from 'vitest';

/** The files of each package whose comments say what a user may meet. */
const doors = [
  {
    name: 'producer',
    door: producer as Record<string, unknown>,
    files: ['producer', 'create-producer', 'manage/batches', 'batch/wait-for-batch', 'enqueue/enqueue-options'],
  },
  {
    name: 'worker',
    door: worker as Record<string, unknown>,
    files: ['worker', 'running-worker', 'handlers/handler', 'health/serve-health', 'health/metrics/measure'],
  },
];

const errors = new Map(
  Object.entries(shared).filter(([, value]) => Object.prototype.isPrototypeOf.call(shared.BullpenError, value)),
);

/** The error classes that the comments of a file name. */
async function namedIn(name: string, file: string): Promise<string[]> {
  const text = await readFile(new URL(`../../../../packages/${name}/src/${file}.ts`, import.meta.url), 'utf8');
  const comments = (text.match(/\/\*\*[\s\S]*?\*\//g) ?? []).join('\n');
  return comments.match(new RegExp(`\\b(${[...errors.keys()].join('|')})\\b`, 'g')) ?? [];
}

describe('the front doors', () => {
  it.each(doors)(
    '$name exports the errors that its users meet, the classes of @bullpen/shared',
    async ({ name, door, files }) => {
      const named = [...new Set((await Promise.all(files.map((file) => namedIn(name, file)))).flat())];
      expect(named.length).toBeGreaterThan(5);
      expect(named.filter((error) => door[error] !== errors.get(error))).toEqual([]);
      expect(door['hasCode']).toBe(shared.hasCode);
    },
  );
});

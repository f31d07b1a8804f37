import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

/** The rows every contender enqueues: about a hundred bytes of JSON each. */
export function makeRow(id: number): { id: number; email: string; note: string } {
  return { id, email: `user${id}@example.com`, note: 'a row of about a hundred bytes, as most rows are' };
}

/** Writes `count` rows as NDJSON. */
export async function writeRows(path: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  for (let id = 1; id <= count; id += 1) {
    if (!file.write(`${JSON.stringify(makeRow(id))}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

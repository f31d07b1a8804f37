import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkWriter } from './chunk-writer.js';
import { type Added, CHUNK_BYTES, CHUNK_ROWS, type JobRow } from './insert.js';

const rowOf = (id: number | string, data = '{}'): JobRow => ({
  ...{ id: `j-${id}`, data, delayMs: 0, priority: 0, bullpen: {} },
});

const allAdded = (rows: readonly JobRow[]): Added[] => rows.map(() => 'added');

/** A way to send whose chunks are answered by hand, in any order; remembers what was sent. */
function sendingByHand() {
  const chunks: { rows: readonly JobRow[]; answer(): void; fail(error: unknown): void }[] = [];
  const send = (rows: readonly JobRow[]): Promise<Added[]> =>
    new Promise((resolve, reject) => {
      chunks.push({ rows, answer: () => resolve(allAdded(rows)), fail: reject });
    });
  return { chunks, send };
}

/** Adds so many rows, as a source in a hurry would: it waits only when it is told to. */
async function addRows(writer: ChunkWriter<number>, count: number, from = 0): Promise<void> {
  for (let at = from; at < from + count; at += 1) {
    const waiting = writer.add(rowOf(at), at);
    if (waiting !== undefined) await waiting;
  }
}

/** Lets everything happen that needs no more than settled promises. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ChunkWriter', () => {
  it('sends nothing before a chunk is full, and then exactly one chunk', async () => {
    const { chunks, send } = sendingByHand();
    const writer = new ChunkWriter<number>(send, () => undefined);
    for (let at = 1; at < CHUNK_ROWS; at += 1) expect(writer.add(rowOf(at), at)).toBeUndefined();
    expect(chunks).toHaveLength(0);
    await writer.add(rowOf('last'), CHUNK_ROWS);
    expect(chunks.map(({ rows }) => rows.length)).toEqual([CHUNK_ROWS]);
  });

  it('closes a chunk when its payloads are large, however few they are', async () => {
    const { chunks, send } = sendingByHand();
    const writer = new ChunkWriter<number>(send, () => undefined);
    const third = 'x'.repeat(Math.ceil(CHUNK_BYTES / 3));
    expect(writer.add(rowOf(1, third), 1)).toBeUndefined();
    expect(writer.add(rowOf(2, third), 2)).toBeUndefined();
    await writer.add(rowOf(3, third), 3);
    expect(writer.add(rowOf(4, third), 4)).toBeUndefined();
    expect(chunks.map(({ rows }) => rows.map(({ id }) => id))).toEqual([['j-1', 'j-2', 'j-3']]);
  });

  it('has two chunks under way at most, and makes the source wait for the third', async () => {
    const { chunks, send } = sendingByHand();
    const writer = new ChunkWriter<number>(send, () => undefined);
    await addRows(writer, 2 * CHUNK_ROWS);
    const third = addRows(writer, CHUNK_ROWS, 2 * CHUNK_ROWS);
    await settled();
    expect(chunks).toHaveLength(2);
    chunks[1]?.answer();
    await third;
    expect(chunks).toHaveLength(3);
  });

  it('answers each chunk with its own tags and rows, in the order in which they were added', async () => {
    const { chunks, send } = sendingByHand();
    const answered: [readonly number[], readonly string[]][] = [];
    const writer = new ChunkWriter<number>(send, (tags, rows, answers) => {
      expect(answers).toHaveLength(tags.length);
      answered.push([tags, rows.map(({ id }) => id)]);
    });
    await addRows(writer, CHUNK_ROWS);
    await addRows(writer, 3, CHUNK_ROWS);
    const flushed = writer.flush();
    chunks[1]?.answer();
    await settled();
    chunks[0]?.answer();
    await flushed;
    expect(answered[0]).toEqual([...[[1_000, 1_001, 1_002]], ...[['j-1000', 'j-1001', 'j-1002']]]);
    expect(answered[1]?.[0]).toEqual(Array.from({ length: CHUNK_ROWS }, (_, at) => at));
  });

  it('waits in flush until everything is answered', async () => {
    const { chunks, send } = sendingByHand();
    const writer = new ChunkWriter<number>(send, () => undefined);
    await addRows(writer, CHUNK_ROWS + 1);
    let isThrough = false;
    const flushed = writer.flush().then(() => {
      isThrough = true;
    });
    await settled();
    expect(chunks).toHaveLength(2);
    chunks[0]?.answer();
    await settled();
    expect(isThrough).toBe(false);
    chunks[1]?.answer();
    await flushed;
  });

  it('sends nothing when nothing was added', async () => {
    const { chunks, send } = sendingByHand();
    await new ChunkWriter<number>(send, () => undefined).flush();
    expect(chunks).toHaveLength(0);
  });

  it('tells the source of a failure when it next has to wait, and sends nothing after it', async () => {
    const { chunks, send } = sendingByHand();
    const writer = new ChunkWriter<number>(send, () => undefined);
    await addRows(writer, CHUNK_ROWS);
    chunks[0]?.fail(new Error('redis is away'));
    await settled();
    await expect(addRows(writer, CHUNK_ROWS, CHUNK_ROWS)).rejects.toThrow('redis is away');
    await expect(writer.flush()).rejects.toThrow('redis is away');
    expect(chunks).toHaveLength(1);
  });

  it('tells of a failure at the latest in flush', async () => {
    const { chunks, send } = sendingByHand();
    const writer = new ChunkWriter<number>(send, () => undefined);
    await addRows(writer, 5);
    const flushed = writer.flush();
    await settled();
    chunks[0]?.fail(new Error('redis is away'));
    await expect(flushed).rejects.toThrow('redis is away');
  });

  it('tells of the first failure when there are two', async () => {
    const { chunks, send } = sendingByHand();
    const writer = new ChunkWriter<number>(send, () => undefined);
    await addRows(writer, 2 * CHUNK_ROWS);
    chunks[1]?.fail(new Error('the first'));
    await settled();
    chunks[0]?.fail(new Error('the second'));
    await expect(writer.flush()).rejects.toThrow('the first');
  });

  it('has nothing under way any more when flush ends after a failure', async () => {
    const { chunks, send } = sendingByHand();
    let answered = 0;
    const writer = new ChunkWriter<number>(send, (tags) => {
      answered += tags.length;
    });
    await addRows(writer, 2 * CHUNK_ROWS);
    const third = addRows(writer, CHUNK_ROWS, 2 * CHUNK_ROWS);
    chunks[0]?.fail(new Error('redis is away'));
    await expect(third).rejects.toThrow('redis is away');
    const flushed = writer.flush();
    await settled();
    chunks[1]?.answer();
    await expect(flushed).rejects.toThrow('redis is away');
    expect(answered).toBe(CHUNK_ROWS);
  });

  it('takes what fails while it is told the answers as a failure of the writing', async () => {
    const writer = new ChunkWriter<number>(
      async (rows) => allAdded(rows),
      () => {
        throw new Error('the terminal is gone');
      },
    );
    await addRows(writer, CHUNK_ROWS);
    // No one waits at this moment: nothing may be left unhandled.
    await settled();
    await expect(writer.flush()).rejects.toThrow('the terminal is gone');
  });

  it('answers every row exactly once, in chunks that are never too large, whatever the source', async () => {
    const anySource = fc.record({
      count: fc.nat({ max: 3_500 }),
      largeAt: fc.array(fc.nat({ max: 3_500 }), { maxLength: 5 }),
      turns: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(anySource, async ({ count, largeAt, turns }) => {
        let underWay = 0;
        let sent = 0;
        const seen: number[] = [];
        const large = new Set(largeAt);
        const writer = new ChunkWriter<number>(
          async (rows) => {
            underWay += 1;
            expect(underWay).toBeLessThanOrEqual(2);
            expect(rows.length).toBeGreaterThan(0);
            expect(rows.length).toBeLessThanOrEqual(CHUNK_ROWS);
            for (let turn = turns[sent % turns.length] ?? 0; turn >= 0; turn -= 1) await settled();
            sent += 1;
            underWay -= 1;
            return allAdded(rows);
          },
          (tags, rows, answers) => {
            expect([rows.length, answers.length]).toEqual([tags.length, tags.length]);
            expect(rows.map(({ id }) => id)).toEqual(tags.map((tag) => `j-${tag}`));
            seen.push(...tags);
          },
        );
        const largeData = 'x'.repeat(CHUNK_BYTES / 2);
        for (let at = 0; at < count; at += 1) {
          const waiting = writer.add(rowOf(at, large.has(at) ? largeData : '{}'), at);
          if (waiting !== undefined) await waiting;
        }
        await writer.flush();
        expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at));
        expect(underWay).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});

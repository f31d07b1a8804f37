import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkWriter } from './chunk-writer.js';

interface Row {
  readonly at: number;
  readonly data: string;
}

const ROWS = 10;
const CHARACTERS = 300;
const rowOf = (at: number, data = '{}'): Row => ({ at, data });

/** A `send` whose chunks a test answers by hand, in any order. Records each chunk and its range. */
function sendingByHand() {
  const chunks: { rows: readonly Row[]; range: number; answer(): void; fail(error: unknown): void }[] = [];
  const send = (rows: readonly Row[], range: number): Promise<void> =>
    new Promise((resolve, reject) => {
      chunks.push({ rows, range, answer: resolve, fail: reject });
    });
  return { chunks, send };
}

/** A writer whose ranges are numbers, from 1. */
function writerBy(
  send: (rows: readonly Row[], range: number) => Promise<unknown>,
  onFailure: () => void = () => undefined,
): ChunkWriter<Row, number> {
  let ranges = 0;
  const takeRange = (): number => {
    ranges += 1;
    return ranges;
  };
  return new ChunkWriter<Row, number>({ maxRows: ROWS, maxCharacters: CHARACTERS, takeRange, send, onFailure });
}

/** Adds rows as fast as it can: it waits only when the writer returns a promise. */
async function addRows(writer: ChunkWriter<Row, number>, count: number, from = 0): Promise<void> {
  for (let at = from; at < from + count; at += 1) {
    const waiting = writer.add(rowOf(at));
    if (waiting !== undefined) await waiting;
  }
}

/** Waits until everything has happened that waits only for settled promises. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ChunkWriter', () => {
  it('sends nothing until a chunk is full, and then exactly one chunk', async () => {
    const { chunks, send } = sendingByHand();
    const writer = writerBy(send);
    for (let at = 1; at < ROWS; at += 1) expect(writer.add(rowOf(at))).toBeUndefined();
    expect(chunks).toHaveLength(0);
    await writer.add(rowOf(ROWS));
    expect(chunks.map(({ rows }) => rows.length)).toEqual([ROWS]);
  });

  it('closes a chunk when its payloads are large, even if they are few', async () => {
    const { chunks, send } = sendingByHand();
    const writer = writerBy(send);
    const third = 'x'.repeat(Math.ceil(CHARACTERS / 3));
    expect(writer.add(rowOf(1, third))).toBeUndefined();
    expect(writer.add(rowOf(2, third))).toBeUndefined();
    await writer.add(rowOf(3, third));
    expect(writer.add(rowOf(4, third))).toBeUndefined();
    expect(chunks.map(({ rows }) => rows.map(({ at }) => at))).toEqual([[1, 2, 3]]);
  });

  it('has at most two chunks on their way, and makes the caller wait for the third', async () => {
    const { chunks, send } = sendingByHand();
    const writer = writerBy(send);
    await addRows(writer, 2 * ROWS);
    const third = addRows(writer, ROWS, 2 * ROWS);
    await settled();
    expect(chunks).toHaveLength(2);
    chunks[1]?.answer();
    await third;
    expect(chunks).toHaveLength(3);
  });

  it('sends the chunks in order, each with its own rows and range', async () => {
    const { chunks, send } = sendingByHand();
    const writer = writerBy(send);
    await addRows(writer, ROWS);
    await addRows(writer, 3, ROWS);
    const flushed = writer.flush();
    await settled();
    expect(chunks.map(({ range }) => range)).toEqual([1, 2]);
    expect(chunks[0]?.rows.map(({ at }) => at)).toEqual(Array.from({ length: ROWS }, (_, at) => at));
    expect(chunks[1]?.rows.map(({ at }) => at)).toEqual([10, 11, 12]);
    for (const chunk of chunks) chunk.answer();
    await flushed;
  });

  it('takes the range when a chunk is closed, also when the chunk must wait before it is sent', async () => {
    const { chunks, send } = sendingByHand();
    let now = 'before';
    const writer = new ChunkWriter<Row, string>({
      ...{ maxRows: 1, maxCharacters: CHARACTERS, takeRange: () => now, onFailure: () => undefined },
      send: (rows, range) => send(rows, range.length),
    });
    await writer.add(rowOf(1));
    await writer.add(rowOf(2));
    const third = writer.add(rowOf(3));
    now = 'afterwards';
    chunks[0]?.answer();
    await third;
    expect(chunks[2]?.range).toBe('before'.length);
  });

  it('waits in flush until every chunk is answered', async () => {
    const { chunks, send } = sendingByHand();
    const writer = writerBy(send);
    await addRows(writer, ROWS + 1);
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

  it('sends nothing when nothing was added, unless sendChunk is called', async () => {
    const { chunks, send } = sendingByHand();
    const writer = writerBy(send);
    await writer.flush();
    expect(chunks).toHaveLength(0);
    await writer.sendChunk();
    expect(chunks.map(({ rows }) => rows)).toEqual([[]]);
  });

  it('throws a failure when the caller next has to wait, and sends nothing after it', async () => {
    const { chunks, send } = sendingByHand();
    const writer = writerBy(send);
    await addRows(writer, ROWS);
    chunks[0]?.fail(new Error('redis is away'));
    await settled();
    await expect(addRows(writer, ROWS, ROWS)).rejects.toThrow('redis is away');
    await expect(writer.flush()).rejects.toThrow('redis is away');
    expect(chunks).toHaveLength(1);
  });

  it('throws a failure in flush at the latest', async () => {
    const { chunks, send } = sendingByHand();
    const writer = writerBy(send);
    await addRows(writer, 5);
    const flushed = writer.flush();
    await settled();
    chunks[0]?.fail(new Error('redis is away'));
    await expect(flushed).rejects.toThrow('redis is away');
  });

  it('throws the first failure when there are two', async () => {
    const { chunks, send } = sendingByHand();
    const writer = writerBy(send);
    await addRows(writer, 2 * ROWS);
    chunks[1]?.fail(new Error('the first'));
    await settled();
    chunks[0]?.fail(new Error('the second'));
    await expect(writer.flush()).rejects.toThrow('the first');
  });

  it('calls onFailure at once, also while nobody adds a row', async () => {
    const { chunks, send } = sendingByHand();
    let heard = 0;
    const writer = writerBy(send, () => {
      heard += 1;
    });
    await addRows(writer, ROWS + 1);
    chunks[0]?.fail(new Error('redis is away'));
    await settled();
    expect(heard).toBe(1);
    await expect(writer.flush()).rejects.toThrow('redis is away');
  });

  it('has no chunk on its way any more when flush ends after a failure', async () => {
    const { chunks, send } = sendingByHand();
    let answered = 0;
    const writer = writerBy(async (rows, range) => {
      await send(rows, range);
      answered += rows.length;
    });
    await addRows(writer, 2 * ROWS);
    const third = addRows(writer, ROWS, 2 * ROWS);
    chunks[0]?.fail(new Error('redis is away'));
    await expect(third).rejects.toThrow('redis is away');
    const flushed = writer.flush();
    await settled();
    chunks[1]?.answer();
    await expect(flushed).rejects.toThrow('redis is away');
    expect(answered).toBe(ROWS);
  });

  it('leaves no rejection unhandled when sending fails while nobody waits', async () => {
    const writer = writerBy(async () => {
      throw new Error('the terminal is gone');
    });
    await addRows(writer, ROWS);
    await settled();
    await expect(writer.flush()).rejects.toThrow('the terminal is gone');
  });

  it('sends every row exactly once, in order, in chunks that are never too large, for any source', async () => {
    const anySource = fc.record({
      sizes: fc.array(fc.integer({ min: 0, max: CHARACTERS }), { maxLength: 80 }),
      turns: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(anySource, async ({ sizes, turns }) => {
        let underWay = 0;
        const sent: number[] = [];
        const ranges: number[] = [];
        const writer = writerBy(async (rows, range) => {
          underWay += 1;
          expect(underWay).toBeLessThanOrEqual(2);
          expect(rows.length).toBeGreaterThan(0);
          expect(rows.length).toBeLessThanOrEqual(ROWS);
          const before = rows.slice(0, -1).reduce((sum, { data }) => sum + data.length, 0);
          expect(before).toBeLessThan(CHARACTERS);
          sent.push(...rows.map(({ at }) => at));
          ranges.push(range);
          for (let turn = turns[range % turns.length] ?? 0; turn >= 0; turn -= 1) await settled();
          underWay -= 1;
        });
        for (const [at, size] of sizes.entries()) {
          const waiting = writer.add(rowOf(at, 'x'.repeat(size)));
          if (waiting !== undefined) await waiting;
        }
        await writer.flush();
        expect(sent).toEqual(sizes.map((_, at) => at));
        expect(ranges).toEqual(ranges.map((_, at) => at + 1));
        expect(underWay).toBe(0);
      }),
    );
  });
});

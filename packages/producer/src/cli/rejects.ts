import { once } from 'node:events';
import type { WriteStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { SourceInvalid } from '@bullpen/shared';
import { listFaults, showText } from '@bullpen/shared/internal';
import type { RejectedRow } from '../batch/check-row.js';
import { onOneLine } from '../enqueue/payload.js';
import { type Output, openOutput } from './output.js';
import { showCount } from './print.js';

/** How many rejected rows are written to stderr when there is no file for them. */
const NAMED = 5;

/** Where rejected rows go: a file, one JSON line each, or the first few to stderr. */
export interface Rejects {
  write(row: RejectedRow): void | Promise<void>;
  /** How many rows were written. */
  readonly written: number;
  /**
   * Writes what is left and gives the file its name. With `isKept` false the file of an earlier run
   * stays. Safe to call twice: the first call counts.
   * @throws Error when rows could not be written, unless `write` has already thrown it
   */
  close(isKept: boolean): Promise<void>;
}

/**
 * Opens the file of rejected rows at once, so that a path that cannot be written is found before
 * any row is enqueued. The file of an earlier run is replaced when this one is closed.
 * @throws SourceInvalid when the file cannot be written, or is the source itself
 */
export async function openRejects(
  path: string | undefined,
  source: string,
  say: (line: string) => void,
): Promise<Rejects> {
  return path === undefined ? nameFew(say) : writeFile(await openFile(path, source), path);
}

function nameFew(say: (line: string) => void): Rejects {
  let [count, closed] = [0, false];
  return {
    get written() {
      return count;
    },
    write({ row, line, faults }) {
      count += 1;
      if (count > NAMED) return;
      say(`rejected row ${row}${line === undefined ? '' : ` (line ${line})`}: ${showText(listFaults(faults))}`);
    },
    async close() {
      const more = closed ? 0 : count - NAMED;
      closed = true;
      if (more > 0) say(`… and ${showCount(more)} more; name a file with --rejects to keep them all`);
    },
  };
}

function writeFile(output: Output, path: string): Rejects {
  const { stream } = output;
  const broken = (error: Error): Error =>
    new Error(`--rejects: cannot write ${path}: ${error.message}`, { cause: error });
  // The listener is always there: without it a full disk would end the process in the middle of the
  // batch.
  let [failure, untold]: (Error | undefined)[] = [];
  stream.on('error', (error) => {
    failure = broken(error);
    untold = failure;
  });
  const tellFailure = (): void => {
    const telling = untold;
    untold = undefined;
    if (telling !== undefined) throw telling;
  };
  let [written, closed] = [0, false];
  return {
    get written() {
      return written;
    },
    async write({ row, line, faults, input, json }) {
      tellFailure();
      written += 1;
      const facts = JSON.stringify({ row, line, reason: listFaults(faults), faults });
      // JSON of our own would change numbers that JavaScript cannot hold.
      const text = json === undefined ? JSON.stringify(input) : onOneLine(json);
      const more = stream.write(`${facts.slice(0, -1)},"input":${text}}\n`);
      if (!more) await once(stream, 'drain').catch(tellFailure);
    },
    async close(isKept) {
      if (closed) return;
      closed = true;
      if (isKept && !stream.closed) await once(stream.end(), 'close').catch(() => undefined);
      // A file with missing rows would look complete.
      if (!isKept || failure !== undefined) await output.discard();
      else {
        await output.commit().catch((error: Error) => {
          throw broken(error);
        });
      }
      tellFailure();
    },
  };
}

async function openFile(path: string, source: string): Promise<Output> {
  const same = await Promise.all([realpath(path), realpath(source)]).then(
    ([a, b]) => a === b,
    () => false,
  );
  if (same) throw new SourceInvalid(`--rejects ${path} is the source itself; it would be overwritten`);
  try {
    const output = await openOutput(path);
    // A device is opened later by its stream; waits for that, so that a failure is known now.
    if ((output.stream as Partial<WriteStream>).pending === true) await once(output.stream, 'open');
    return output;
  } catch (error) {
    throw new SourceInvalid(`--rejects: ${(error as Error).message}`);
  }
}

import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { listFaults, SourceInvalid, showText } from '@bullpen/shared';
import type { RejectedRow } from '../batch/check-row.js';
import { showCount } from './print.js';

/** How many rejected rows are named on stderr when there is no file to read them in. */
const NAMED = 5;

/** Where rejected rows go: a file, one JSON line each, or the first few to stderr. */
export interface Rejects {
  write(row: RejectedRow): void | Promise<void>;
  /** Says what was not said yet and closes the file. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Opens the rejects file at once, so that a path we may not write is found before any row is enqueued.
 * @throws SourceInvalid when it cannot be written, or is the source itself
 */
export async function openRejects(
  path: string | undefined,
  source: string,
  say: (line: string) => void,
): Promise<Rejects> {
  return path === undefined ? nameFew(say) : writeFile(await openFile(path, source));
}

function nameFew(say: (line: string) => void): Rejects {
  let count = 0;
  return {
    write({ row, line, faults }) {
      count += 1;
      if (count > NAMED) return;
      say(`rejected row ${row}${line === undefined ? '' : ` (line ${line})`}: ${showText(listFaults(faults))}`);
    },
    async close() {
      const more = count - NAMED;
      count = 0;
      if (more > 0) say(`… and ${showCount(more)} more; name a file with --rejects to keep them all`);
    },
  };
}

function writeFile(file: WriteStream): Rejects {
  // Listened to all the time: a disk that is full would otherwise end the process in the middle of the batch.
  let failure: Error | undefined;
  file.on('error', (error) => {
    failure = new Error(`--rejects: cannot write ${file.path}: ${error.message}`, { cause: error });
  });
  const tellFailure = (): void => {
    const untold = failure;
    failure = undefined;
    if (untold !== undefined) throw untold;
  };
  return {
    async write({ row, line, faults, input }) {
      tellFailure();
      const more = file.write(`${JSON.stringify({ row, line, reason: listFaults(faults), faults, input })}\n`);
      if (!more) await once(file, 'drain').catch(tellFailure);
    },
    async close() {
      if (!file.closed) await once(file.end(), 'close').catch(tellFailure);
      tellFailure();
    },
  };
}

async function openFile(path: string, source: string): Promise<WriteStream> {
  const same = await Promise.all([realpath(path), realpath(source)]).then(
    ([a, b]) => a === b,
    () => false,
  );
  if (same) throw new SourceInvalid(`--rejects ${path} is the source itself; it would be overwritten`);
  const file = createWriteStream(path);
  try {
    await once(file, 'open');
  } catch (error) {
    throw new SourceInvalid(`--rejects: cannot write ${path}: ${(error as Error).message}`);
  }
  return file;
}

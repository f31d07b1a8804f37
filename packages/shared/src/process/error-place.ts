import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';

/** A place in a file. */
export interface Place {
  readonly file: string;
  readonly line: number;
  /** Absent where Node does not say it. */
  readonly column: number | undefined;
}

/** `/app/jobs.js:3:14`. */
export function showPlace({ file, line, column }: Place): string {
  return column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`;
}

/** The folder that holds our packages: `node_modules/@bullpen` in an app, `packages` in a clone. */
const OURS = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Where an error happened while modules were loaded: of a syntax error the place in the text, of an
 * error that was thrown the line of the app that led to it. `undefined` when nobody knows.
 */
export function placeOf(error: Error): Place | undefined {
  return error instanceof SyntaxError ? (placeInText(error) ?? placeInStack(error)) : placeInStack(error);
}

/**
 * Node knows the file and the line of a syntax error, and keeps them in the error where code cannot
 * read them. It writes them in front of the stack of an error that code run by `node:vm` throws.
 * The column is that of the first `^`.
 */
function placeInText(error: SyntaxError): Place | undefined {
  if (readHead(error) === undefined) {
    try {
      runInNewContext('throw error', { error }, { filename: RETHROWN });
    } catch {
      // The same error, which now has the place in its stack.
    }
  }
  const head = readHead(error);
  if (head === undefined || head.file === RETHROWN) return undefined;
  return { ...head, file: toPath(head.file) };
}

const RETHROWN = 'rethrown';

function readHead({ stack = '' }: Error): Place | undefined {
  const [first = '', ...rest] = stack.split('\n');
  const [, file, line] = /^(\S.*):(\d+)$/.exec(first) ?? [];
  if (file === undefined) return undefined;
  const marks = rest.slice(0, 3).find((text) => /^\s*\^+\s*$/.test(text));
  return { file, line: Number(line), column: marks === undefined ? undefined : marks.indexOf('^') + 1 };
}

/** The first frame in a file of the app, else the first one in a package that it uses. */
function placeInStack({ stack = '' }: Error): Place | undefined {
  const places = Array.from(stack.matchAll(/^ +at (?:.*\()?(file:\/\/\S+|\/.*?):(\d+):(\d+)\)?$/gm), (frame) => {
    const [, file = '', line, column] = frame;
    return { file: toPath(file), line: Number(line), column: Number(column) };
  }).filter(({ file }) => !file.startsWith(OURS));
  return places.find(({ file }) => !file.includes('/node_modules/')) ?? places[0];
}

function toPath(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

import { readdirSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { showValue } from '../job/show-value.js';
import { suggest } from '../job/suggest.js';
import { placeOf, showPlace } from './error-place.js';

/**
 * Says why a module could not be loaded, and what to do: which file, which line, which import.
 * @param error what `import()` rejected with. Modules can throw anything
 */
export function moduleFault(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${showValue(error)}, which is no error`;
  const { code, message } = error as NodeJS.ErrnoException;
  const explain = typeof code === 'string' && Object.hasOwn(EXPLAINED, code) ? EXPLAINED[code] : undefined;
  const explained = explain?.(message);
  if (explained !== undefined) return explained;
  const place = placeOf(error);
  const where = place === undefined ? '' : showPlace(place);
  if (error instanceof SyntaxError) {
    return `${where === '' ? '' : `${where}: `}${message}${adviceOn(message, place?.file ?? '')}`;
  }
  // Our own errors about definitions name the place themselves.
  return `${error.name}: ${message}${where === '' || message.includes(where) ? '' : ` (at ${where})`}`;
}

/** What we say instead of Node's message, by the error's code. */
const EXPLAINED: Readonly<Record<string, (message: string) => string | undefined>> = {
  ERR_UNKNOWN_FILE_EXTENSION: unknownExtension,
  ERR_MODULE_NOT_FOUND: missingImport,
  MODULE_NOT_FOUND: missingRequire,
  ERR_IMPORT_ATTRIBUTE_MISSING: importOfJson,
  // Node 20 has another code for it.
  ERR_IMPORT_ASSERTION_TYPE_MISSING: importOfJson,
  ERR_UNSUPPORTED_DIR_IMPORT: importOfFolder,
};

function unknownExtension(message: string): string | undefined {
  const [, extension, file] = /^Unknown file extension "(.*)" for (.*)$/.exec(message) ?? [];
  if (extension === undefined) return undefined;
  const node = `Node ${process.versions.node}`;
  if (/^\.[mc]?ts$/.test(extension))
    return `${node} does not load TypeScript (${file}): build it to JavaScript first, set NODE_OPTIONS='--import tsx' with tsx installed, or use Node 22.18 or newer`;
  if (/^\.[jt]sx$/.test(extension)) return `Node loads no JSX (${file}): build it to JavaScript first`;
  return `Node does not load files that end in '${extension}' (${file}): name a .js, .mjs or .cjs file`;
}

function missingImport(message: string): string | undefined {
  const [, what, name = '', from] = /^Cannot find (module|package) '(.*?)'.* imported from (.*)$/.exec(message) ?? [];
  if (what === undefined) return undefined;
  if (what === 'package') return `${from} imports the package '${name}', which is not installed`;
  return `${from} imports ${name}, which is not there${didYouMean(name)}`;
}

function missingRequire(message: string): string | undefined {
  const [, name = '', from] = /^Cannot find module '(.*?)'\nRequire stack:\n- (.*)/.exec(message) ?? [];
  if (from === undefined) return undefined;
  if (/^\.{0,2}\//.test(name)) return `${from} requires '${name}', which is not there`;
  return `${from} requires the package '${name}', which is not installed`;
}

/** A file in the same folder: the same name with another ending, or a similar name. */
function didYouMean(path: string): string {
  let names: string[];
  try {
    names = readdirSync(dirname(path));
  } catch {
    return `; there is no folder ${dirname(path)}`;
  }
  const stem = (name: string): string => name.slice(0, name.length - extname(name).length);
  const wanted = basename(path);
  const same = names.find((name) => stem(name) === wanted || stem(name) === stem(wanted));
  if (same === undefined) return suggest(wanted, names).replace(/^ /, '. ');
  const built = extname(same).endsWith('ts') ? " (Node finds no .ts file under another file's name)" : '';
  return `. Did you mean '${same}'?${built}`;
}

function importOfJson(message: string): string | undefined {
  const [, url] = /^Module "(.*?)" needs an import attribute/.exec(message) ?? [];
  if (url === undefined) return undefined;
  return `the import of ${decodeURIComponent(url.replace(/^file:\/\//, ''))} lacks its type; write: import … with { type: 'json' }`;
}

function importOfFolder(message: string): string | undefined {
  const [, folder, from] = /^Directory import '(.*?)' is not supported .* imported from (.*)$/.exec(message) ?? [];
  return folder === undefined ? undefined : `${from} imports the folder ${folder}; name the file in it`;
}

/** What to do about a syntax error that comes from the kind of the file, and not from a typo. */
function adviceOn(message: string, file: string): string {
  if (/^Cannot use import statement outside a module|^Unexpected token 'export'|^await is only valid/.test(message))
    return '. Node reads this file as CommonJS: name it .mjs, or write "type": "module" into its package.json';
  if (/not supported in strip-only mode/.test(message))
    return '. Node only removes types: build the file to JavaScript first, or do without this syntax';
  if (/does not provide an export named/.test(message) && /\.[mc]?ts$/.test(file))
    return '. If it is a type, write: import type';
  return '';
}

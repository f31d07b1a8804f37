import { readFileSync } from 'node:fs';
import { hideLogin } from '../job/show-value.js';
import { nameOf, type Setting } from './setting.js';

/** The value of a setting, and what messages call the place that it came from. */
export interface GivenValue {
  readonly path: string;
  /** `undefined` when nothing was given. */
  readonly value?: unknown;
  /** Why there is no value. */
  readonly fault?: string;
}

/**
 * Finds what was given for a setting: by its flag, else by its variable. At each of the two places
 * a file may be named that holds the value.
 * @param name the name of the setting, by which `flags` has it; its file is there as `nameFile`
 */
export function findValue(
  name: string,
  setting: Setting,
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): GivenValue {
  const { env, file } = setting;
  const variable = (key: string | undefined) => (key === undefined ? undefined : environment[key] || undefined);
  const places = [
    { path: nameOf(setting), value: flags[name], file: nameOf(file ?? {}), filePath: flags[`${name}File`] },
    { path: env ?? '', value: variable(env), file: file?.env ?? '', filePath: variable(file?.env) },
  ];
  for (const { filePath, file: path, ...direct } of places) {
    if (filePath !== undefined && direct.value !== undefined)
      return { path, fault: `${direct.path} is set as well; set one` };
    if (filePath !== undefined) return { path, ...readLine(String(filePath)) };
    if (direct.value !== undefined) return direct;
  }
  return { path: nameOf(setting) };
}

/**
 * Reads the line of a file, as Docker and Kubernetes provide secrets. A line break at the end does
 * not belong to it.
 */
function readLine(path: string): { readonly value: string } | { readonly fault: string } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    return { fault: whyUnread(path, error as NodeJS.ErrnoException) };
  }
  const file = hideLogin(path);
  if (text.trim() === '') return { fault: `${file} is empty` };
  return /[\r\n]/.test(text.trim()) ? { fault: `${file} has more than one line` } : { value: text };
}

function whyUnread(path: string, { code, message }: NodeJS.ErrnoException): string {
  if (path === '') return 'expected the path of a file';
  const file = hideLogin(path);
  if (code === 'ENOENT') return `there is no file ${file}`;
  if (code === 'EISDIR') return `${file} is a folder`;
  return code === 'EACCES' ? `this user may not read ${file}` : (code ?? message);
}

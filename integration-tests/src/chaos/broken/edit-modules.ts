import type { LoadHook } from 'node:module';
import type { Edit } from './old-fault.js';
import { OLD_FAULTS, type OldFaultName } from './old-faults.js';

const edits: readonly Edit[] = OLD_FAULTS[process.env['OLD_FAULT'] as OldFaultName]?.edits ?? [];

/** Node calls it for each module. It changes those that the old fault has edits for. */
export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const own = edits.filter(({ module }) => url.endsWith(pathOf(module)));
  if (own.length === 0) return loaded;
  const source = own.reduce((text, edit) => applyEdit(text, edit), String(loaded.source));
  return { ...loaded, source };
};

/** Where the compiled module is, from the root of the repository. */
export function pathOf(module: string): string {
  const [name, ...rest] = module.split('/');
  return `/packages/${name}/dist/${rest.join('/')}.js`;
}

/** @throws Error when the text is not there, or not only once: the module has changed since */
export function applyEdit(text: string, { module, from, to }: Edit): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${module} has ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

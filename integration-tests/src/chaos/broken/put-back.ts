import { fileURLToPath } from 'node:url';
import type { OldFaultName } from './old-faults.js';

const PRELOAD = fileURLToPath(new URL('../../../dist/chaos/broken/preload.js', import.meta.url));

/** The environment of a process into which an old fault is put back. */
export const putBack = (name: OldFaultName): Record<string, string> => ({
  NODE_OPTIONS: `--import=${PRELOAD}`,
  OLD_FAULT: name,
});

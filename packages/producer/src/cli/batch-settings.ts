import { countSetting, MAX_ROWS_PER_JOB, optionalDurationSetting, type Setting } from '@bullpen/shared/internal';
import { z } from 'zod';
import { FORMATS } from '../source/source.js';
import { prioritySetting } from './session.js';

/** The settings of `batch`. */
export const batchSettings = {
  batch: { flag: '--batch', schema: z.string().optional() },
  format: { flag: '--format', schema: z.enum(FORMATS, `expected ${FORMATS.join(', ')}`).optional() },
  keyField: { flag: '--key-field', schema: z.string().min(1, 'expected the name of a field').optional() },
  rowsPerJob: { flag: '--rows-per-job', schema: countSetting(MAX_ROWS_PER_JOB).optional() },
  maxWaiting: { flag: '--max-waiting', schema: countSetting(1_000_000_000).optional() },
  delay: { flag: '--delay', schema: optionalDurationSetting },
  priority: prioritySetting,
  results: { flag: '--results', schema: z.boolean().default(false) },
  keep: { flag: '--keep', schema: optionalDurationSetting },
  keepKeys: { flag: '--keep-keys', schema: optionalDurationSetting },
  rejects: { flag: '--rejects', schema: z.string().optional() },
  dryRun: { flag: '--dry-run', schema: z.boolean().default(false) },
  wait: { flag: '--wait', schema: z.boolean().default(false) },
} satisfies Record<string, Setting>;

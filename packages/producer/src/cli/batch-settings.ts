import {
  countSetting,
  MAX_ROWS_PER_JOB,
  optionalDurationSetting,
  type Settings,
  switchSetting,
} from '@bullpen/shared/internal';
import { z } from 'zod';
import { DEFAULT_KEEP } from '../batch/batch-options.js';
import { FORMATS } from '../source/source.js';
import { startSettings } from './settings.js';

/** The settings of `batch`, in the order of the help. */
export const batchSettings = {
  name: {
    flag: '--name <name>',
    schema: z.string().optional(),
    help: 'name the batch; the same command with the same name goes on where a run stopped',
    defaultHelp: 'a new name',
  },
  format: {
    flag: '--format <format>',
    schema: z.enum(FORMATS, `expected ${FORMATS.join(', ')}`).optional(),
    help: FORMATS.join(', '),
    defaultHelp: "by the file's name",
  },
  delimiter: {
    flag: '--delimiter <character>',
    schema: z
      .string()
      .transform((text) => (text === 'tab' || text === '\\t' ? '\t' : text))
      .optional(),
    help: 'what separates the cells of a CSV file; tab for a tab',
    defaultHelp: 'as its line sep= says, or a comma',
  },
  keyField: {
    flag: '--key-field <field>',
    schema: z.string().min(1, 'expected the name of a field').optional(),
    help: 'the field that holds the key of each row; the same key is not added twice',
  },
  keepKeys: {
    flag: '--keep-keys <duration>',
    schema: optionalDurationSetting,
    help: 'how long a key stays taken after its row was added',
    defaultHelp: DEFAULT_KEEP,
  },
  rowsPerJob: {
    flag: '--rows-per-job <n>',
    schema: countSetting(MAX_ROWS_PER_JOB).optional(),
    help: 'put so many rows into one job, for small, quick rows',
    defaultHelp: 'as the job says, or 1',
  },
  maxWaiting: {
    flag: '--max-waiting <n>',
    schema: countSetting(1_000_000_000).optional(),
    help: 'wait while this many jobs are waiting on the queue',
  },
  ...startSettings,
  results: { flag: '--results', schema: switchSetting, help: 'keep what the handlers return, up to 16 KiB each' },
  keep: {
    flag: '--keep <duration>',
    schema: optionalDurationSetting,
    help: 'how long the books of the batch are kept after they were last written',
    defaultHelp: DEFAULT_KEEP,
  },
  rejects: {
    flag: '--rejects <file>',
    schema: z.string().optional(),
    help: 'write rejected rows here, one JSON line each, with line number and reason',
  },
  dryRun: {
    flag: '--dry-run',
    schema: switchSetting,
    help: 'check every row, enqueue nothing; Redis is not needed',
  },
  wait: {
    flag: '--wait',
    schema: switchSetting,
    help: 'wait until every job of this batch is settled; exit 1 if any failed',
  },
} satisfies Settings;

import {
  choiceSetting,
  countSetting,
  MAX_ROWS_PER_JOB,
  optional,
  optionalDurationSetting,
  type Settings,
  settingSchema,
  switchSetting,
  textSetting,
} from '@bullpen/shared/command';
import { DEFAULT_KEEP } from '../batch/default-keep.js';
import { FORMATS } from '../source/format.js';
import { startSettings } from './settings.js';

/** The settings of `batch`, in the order of the help. */
export const batchSettings = {
  name: {
    flag: '--name <name>',
    schema: optional(textSetting()),
    help: 'name the batch; the same command with the same name goes on where a run stopped',
    defaultHelp: 'a new name',
  },
  format: {
    flag: '--format <format>',
    schema: optional(choiceSetting(FORMATS, `expected ${FORMATS.join(', ')}`)),
    help: FORMATS.join(', '),
    defaultHelp: "by the file's name",
  },
  delimiter: {
    flag: '--delimiter <character>',
    schema: optional(settingSchema((text) => (text === 'tab' || text === '\\t' ? '\t' : String(text)))),
    help: 'what separates the cells of a CSV file; tab for a tab',
    defaultHelp: 'as its line sep= says, or a comma',
  },
  keyField: {
    flag: '--key-field <field>',
    schema: optional(textSetting((text) => (text === '' ? 'expected the name of a field' : undefined))),
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
    schema: optional(countSetting(MAX_ROWS_PER_JOB)),
    help: 'put so many rows into one job, for small, quick rows',
    defaultHelp: 'as the job says, or 1',
  },
  maxWaiting: {
    flag: '--max-waiting <n>',
    schema: optional(countSetting(1_000_000_000)),
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
    schema: optional(textSetting()),
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

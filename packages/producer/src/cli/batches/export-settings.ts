import { choiceSetting, optional, type Settings, switchSetting, textSetting } from '@bullpen/shared/command';

/** The formats of an export. */
const FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof FORMATS)[number];

/** The settings of `batches export`, in the order of the help. */
export const exportSettings = {
  failed: { flag: '--failed', schema: switchSetting, help: 'the failed rows (default)' },
  results: {
    flag: '--results',
    schema: switchSetting,
    help: 'what the handlers returned, of a batch that was enqueued with --results',
  },
  format: {
    flag: '--format <format>',
    schema: optional(choiceSetting(FORMATS, `expected ${FORMATS.join(' or ')}`)),
    help: FORMATS.join(' or '),
    defaultHelp: 'by the name of the output, else as the source was',
  },
  output: {
    flag: '--output <file>',
    schema: optional(textSetting((text) => (text === '' ? 'expected the name of a file' : undefined))),
    help: 'write here; the file appears when it is complete',
    defaultHelp: 'the standard output',
  },
} satisfies Settings;

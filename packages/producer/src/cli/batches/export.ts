import { extname } from 'node:path';
import { OptionsInvalid } from '@bullpen/shared';
import { type Config, EXIT, type ExitCode } from '@bullpen/shared/command';
import type { Command } from 'commander';
import type { BatchView } from '../../books/batch-view.js';
import type { Batches } from '../../manage/batches.js';
import { failedTable, resultTable, type Table } from '../../manage/export/tables.js';
import { type Output, OutputInvalid, openOutput, standardOutput } from '../output.js';
import { countOf, printLine } from '../print.js';
import { startSession, withProducer } from '../session.js';
import { stoppable } from '../stoppable.js';
import { type ExportFormat, exportSettings } from './export-settings.js';
import { queueSetting } from './queue-setting.js';

const BY_EXTENSION: Record<string, ExportFormat> = { '.csv': 'csv', '.ndjson': 'ndjson', '.jsonl': 'ndjson' };

/**
 * `batches export <name>`: writes its failed rows, to be mended and enqueued again, or its results.
 */
export async function run(name: string, _: unknown, command: Command): Promise<ExitCode> {
  const { config, open } = startSession(command, { ...queueSetting, ...exportSettings });
  if (config.failed && config.results) {
    throw new OptionsInvalid('cannot export', [{ path: '--results', reason: 'give either --failed or --results' }]);
  }
  const exported = await stoppable((signal) =>
    withProducer(open(), async ({ batches }) => {
      const view = await batches.show({ name, queue: config.queue });
      return exportTo(batches, view, config, signal);
    }),
  );
  if (exported === undefined) return EXIT.interrupted;
  const { output, results } = config;
  const report = { name, ...exported, what: results ? 'results' : 'failed', output };
  const what = countOf(exported.rows, results ? 'result' : 'failed row');
  const sentence = `batch ${name}: ${what} exported${output === undefined ? '' : ` to ${output}`}`;
  if (output !== undefined) printLine(config.json ? JSON.stringify(report) : sentence);
  // The rows went to the standard output, which is for them alone.
  else process.stderr.write(`${sentence}\n`);
  return EXIT.ok;
}

/**
 * @returns how many rows were written; `undefined` when `signal` aborted and nothing was written
 */
async function exportTo(
  batches: Batches,
  view: BatchView,
  { results, format, output: path, json }: Config<typeof exportSettings> & { readonly json: boolean },
  signal: AbortSignal,
): Promise<{ queue: string; rows: number; format: ExportFormat } | undefined> {
  const chosen = format ?? formatFor(path, view.format, json);
  const output = path === undefined ? standardOutput() : await openFile(path);
  try {
    const table: Table = results ? resultTable(batches, view, chosen) : await failedTable(batches, view, chosen);
    // Loaded here, because no other command writes CSV.
    const { writeTable } = await import('../../manage/export/write-table.js');
    const rows = await writeTable(table, output.stream, signal);
    await output.commit();
    return { queue: view.queue, rows, format: chosen };
  } catch (error) {
    await output.discard();
    if (signal.aborted) return undefined;
    // The output is the only file here, so an error of the file system is about it.
    const { syscall, message } = error as NodeJS.ErrnoException;
    throw syscall === undefined ? error : new Error(`--output: cannot write ${path}: ${message}`, { cause: error });
  }
}

/** @throws OptionsInvalid when the file cannot be written */
async function openFile(path: string): Promise<Output> {
  return openOutput(path).catch((error: unknown) => {
    if (!(error instanceof OutputInvalid)) throw error;
    throw new OptionsInvalid('cannot export', [{ path: '--output', reason: error.message }]);
  });
}

/** The format when none was given: by the output's name, else as the source was. */
export function formatFor(output: string | undefined, source: string, json: boolean): ExportFormat {
  const named = output === undefined ? undefined : BY_EXTENSION[extname(output).toLowerCase()];
  return named ?? (source === 'csv' && !(json && output === undefined) ? 'csv' : 'ndjson');
}

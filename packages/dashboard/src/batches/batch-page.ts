import {
  type BatchView,
  type FailedRow,
  type FailureExample,
  type FailureReason,
  isSettled,
  type Progress,
  type RejectionReason,
} from '@bullpen/producer';
import { html } from 'ghtml';
import { bar, countsOfView } from './bar.js';
import { rateOrDash, showCount, showLeft, showSince } from './figures.js';
import { pathOf } from './list-page.js';

/** How many characters of a payload or a message a page shows. */
const MAX_SHOWN = 2_000;

/** Renders the page of one batch. */
export function batchBody(
  base: string,
  progress: Progress<BatchView>,
  failures: readonly FailedRow[],
  now: number,
): string {
  const { view } = progress;
  const { queue, name, job, failed } = view;
  return html`<p><a href="${base}/batches">All batches</a></p>
<h1>${name}</h1>
<div class="batch">
<p class="soft"><span class="tag">${view.stage}</span> ${job} on <a href="${base}/queue/${encodeURIComponent(queue)}">${queue}</a>, from ${view.source} (${view.format}), begun <time datetime="${new Date(view.createdAt).toISOString()}">${showSince(view.createdAt, now)}</time></p>
!${bar(countsOfView(view))}
!${figures(progress)}
!${notes(view)}
<dl class="counts">!${counts(view)}</dl>
!${source(view)}
!${view.rejected > 0 ? rejections(view) : ''}
!${failed > 0 ? reasons(view) : ''}
</div>
!${failed > 0 ? download(base, view) : ''}
!${failures.length > 0 ? rows(failures, failed) : ''}
!${commands(view)}`;
}

function figures({ view, done, perSecond, secondsLeft, standstill }: Progress<BatchView>): string {
  const percent = view.added === 0 ? 0 : Math.floor((100 * done) / view.added);
  const rate = isSettled(view)
    ? ''
    : standstill === undefined
      ? html` · <b>${rateOrDash(perSecond)}</b> · time left <b>${showLeft(secondsLeft)}</b>`
      : html` · <b>${standstill}</b>`;
  return html`<p class="figures"><b>${percent}%</b> · ${showCount(done)} of ${showCount(view.added)} settled!${rate}</p>`;
}

/** Notes that people need besides the counts. */
function notes({ stage, missing, read, rejected, cancelledAt, readAt }: BatchView): string {
  const said = [
    rejected > 0 && rejected === read ? `All ${showCount(rejected)} rows were rejected: nothing was enqueued.` : '',
    stage === 'reading'
      ? `The source was not read to its end (only to row ${showCount(read)}). If no producer is reading it now, run the same command again.`
      : '',
    cancelledAt !== undefined && readAt === undefined
      ? 'The batch was cancelled before its source was read to its end.'
      : '',
    missing > 0
      ? `The jobs of ${showCount(missing)} waiting rows are missing: somebody removed them by hand, or Redis lost them.`
      : '',
  ];
  return said
    .filter((text) => text !== '')
    .map((text) => html`<p class="note">${text}</p>`)
    .join('');
}

/** The rows that were added, by fate or state, in the colours of the bar. */
const counts = (view: BatchView): string =>
  Object.entries(countsOfView(view))
    .map(([name, count]) => html`<div class="${name}"><dt>${name}</dt><dd>${showCount(count)}</dd></div>`)
    .join('');

const source = ({ read, added, duplicate, rejected }: BatchView): string =>
  html`<p class="soft">read ${showCount(read)} = added ${showCount(added)} + duplicate ${showCount(duplicate)} + rejected ${showCount(rejected)}</p>`;

/** Why rows never became jobs. */
function rejections({ rejections: all, rejected, format }: BatchView): string {
  return html`<h2>Why rows were rejected</h2>
!${reasonsTable(all)}
<p class="soft">The reasons of ${showCount(rejected)} rows that were not enqueued. The file of <code>--rejects</code> has each of them with its line.!${format === 'csv' ? ' A cell of a CSV file is a text: a schema that wants a number or a boolean has to convert it.' : ''}</p>`;
}

function reasons({ reasons: all, failed }: BatchView): string {
  return html`<h2>Why rows failed</h2>
!${reasonsTable(all)}
<p class="soft">The most frequent reasons of ${showCount(failed)} failed rows. Ids, quoted values and other parts that differ are shown as <code>…</code>, so that rows share a reason.</p>`;
}

const exampleOf = ({ row, error }: FailureExample): string =>
  html`<br><span class="soft">Row ${showCount(row)}: ${error}</span>`;

const reasonsTable = (all: readonly (RejectionReason & Partial<FailureReason>)[]): string =>
  html`<table class="reasons"><thead><tr><th class="number">Rows</th><th>Reason</th></tr></thead><tbody>
!${all.map(
    ({ reason, count, example }) =>
      html`<tr><td class="number">${showCount(count)}</td><td>${reason}!${example === undefined ? '' : exampleOf(example)}</td></tr>`,
  )}
</tbody></table>`;

function download(base: string, { queue, name, failed }: BatchView): string {
  const path = pathOf(base, queue, name);
  return html`<p><a class="button" href="${path}/failed.csv" download>Download ${showCount(failed)} failed rows (CSV)</a> <a class="button plain" href="${path}/failed.ndjson" download>as NDJSON</a></p>`;
}

const rows = (failures: readonly FailedRow[], failed: number): string => html`<section><h2>Failed rows</h2>
<table class="failures"><thead><tr><th class="number">Row</th><th>Error</th><th>Payload</th><th class="number">Attempts</th></tr></thead><tbody>
!${failures.map(
  ({ row, error, payload, attempts }) => html`<tr>
<td class="number">${showCount(row)}</td>
<td><b>${error.name}</b>: ${cut(error.message)}</td>
<td><pre>${payload === undefined ? 'malformed' : cut(onOneLine(payload))}</pre></td>
<td class="number">${attempts}</td>
</tr>`,
)}
</tbody></table>
!${failed > failures.length ? html`<p class="soft">The first ${failures.length} of ${showCount(failed)}.</p>` : ''}
</section>`;

/** Commands for what cannot be done here: it needs the job's definition, or careful thought. */
function commands({ name, queue, failed, missing, stage }: BatchView): string {
  const flags = `--queue ${queue}`;
  const lines = [
    ...(missing > 0 ? [`bullpen-producer batches repair ${name} <source> ${flags} --jobs dist/jobs.js`] : []),
    ...(stage === 'running' || stage === 'reading' ? [`bullpen-producer batches cancel ${name} ${flags}`] : []),
    ...(failed > 0
      ? [
          `bullpen-producer batches retry ${name} ${flags} --jobs dist/jobs.js`,
          `bullpen-producer batches export ${name} ${flags} --output failed.csv`,
        ]
      : []),
  ];
  if (lines.length === 0) return '';
  return html`<section><h2>At a terminal</h2>
<pre>${lines.join('\n')}</pre>
!${failed > 0 ? '<p class="soft">The download on this page is redacted. The file that <code>batches export</code> writes can be corrected and sent again.</p>' : ''}</section>`;
}

/** JSON on one line, with spaces after commas, so that a narrow table can break it there. */
const onOneLine = (value: unknown): string => JSON.stringify(value, undefined, 1).replace(/\n\s*/g, ' ');

const cut = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)} …` : text);

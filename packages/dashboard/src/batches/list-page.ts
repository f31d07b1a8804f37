import { BATCH_STAGES, type BatchBooks, type BatchStage, type Progress, stageOf } from '@bullpen/producer';
import { html } from 'ghtml';
import { bar, countsOfBooks } from './bar.js';
import { rateOrDash, showCount, showLeft, showSince } from './figures.js';

/** The batches that somebody asks for. */
export interface ListFilter {
  readonly queue: string | undefined;
  readonly stage: BatchStage | undefined;
  /** The number of the page, counted from 1. */
  readonly page: number;
}

/** One page of the list. */
export interface SelectedBatches {
  readonly shown: readonly Progress<BatchBooks>[];
  /** How many batches match, on all pages. */
  readonly count: number;
  readonly queues: readonly string[];
  readonly page: number;
  readonly pages: number;
}

const PER_PAGE = 100;

/** Selects the batches that match the filter, and of these the requested page or else the last. */
export function selectBatches(
  all: readonly Progress<BatchBooks>[],
  { queue, stage, page }: ListFilter,
): SelectedBatches {
  const matching = all.filter(
    ({ view }) => (queue === undefined || view.queue === queue) && (stage === undefined || stageOf(view) === stage),
  );
  const pages = Math.max(1, Math.ceil(matching.length / PER_PAGE));
  const at = Math.min(page, pages);
  const queues = [...new Set(all.map(({ view }) => view.queue))].sort();
  const shown = matching.slice((at - 1) * PER_PAGE, at * PER_PAGE);
  return { shown, count: matching.length, queues, page: at, pages };
}

/** Renders the page of all batches. */
export function listBody(base: string, part: SelectedBatches, filter: ListFilter, now: number): string {
  const { shown, queues, count } = part;
  const isFiltered = filter.queue !== undefined || filter.stage !== undefined;
  return html`<h1>Batches</h1>
!${filterForm(base, queues, filter)}
!${count === 0 ? nothing(isFiltered) : table(base, shown, now)}
!${pager(base, part, filter)}`;
}

const table = (base: string, shown: SelectedBatches['shown'], now: number): string => html`<table class="batches">
<thead><tr><th>Batch</th><th class="wide">Rows</th><th class="number">Rate</th><th class="number">Time left</th><th class="number">Failed</th><th>Begun</th></tr></thead>
<tbody>
!${shown.map((progress) => row(base, progress, now))}
</tbody>
</table>`;

function row(base: string, { view, done, perSecond, secondsLeft }: Progress<BatchBooks>, now: number): string {
  const { queue, name, job, added, rejected, failed, createdAt } = view;
  const stage = stageOf(view);
  const isRunning = stage === 'running';
  return html`<tr>
<td><a href="${pathOf(base, queue, name)}">${name}</a> <span class="tag">${stage}</span><br><span class="soft">${job} on ${queue}</span></td>
<td class="wide">!${bar(countsOfBooks(view))}<span class="soft">${showCount(done)} of ${showCount(added)} settled</span>!${rejected > 0 ? html` · <span class="bad">${showCount(rejected)} rejected</span>` : ''}</td>
<td class="number">${isRunning || stage === 'reading' ? rateOrDash(perSecond) : '–'}</td>
<td class="number">${isRunning ? showLeft(secondsLeft) : '–'}</td>
<td class="number!${failed > 0 ? ' bad' : ''}">${showCount(failed)}</td>
<td><time datetime="${new Date(createdAt).toISOString()}">${showSince(createdAt, now)}</time></td>
</tr>`;
}

const nothing = (isFiltered: boolean): string =>
  isFiltered
    ? '<p class="note">No batch matches.</p>'
    : html`<div class="note"><p>There are no batches, or their books have expired. A batch is the rows of a file or a pipe, under a name:</p>
<pre>bullpen-producer batch invoice.send invoices.csv --name november --jobs dist/jobs.js</pre></div>`;

function filterForm(base: string, queues: readonly string[], { queue, stage }: ListFilter): string {
  const option = (value: string, chosen: string | undefined): string =>
    html`<option value="${value}"!${value === chosen ? ' selected' : ''}>${value}</option>`;
  return html`<form class="filter" method="get" action="${base}/batches">
<label>Queue <select name="queue"><option value="">all</option>!${queues.map((name) => option(name, queue))}</select></label>
<label>Stage <select name="stage"><option value="">all</option>!${BATCH_STAGES.map((name) => option(name, stage))}</select></label>
<button class="plain">Show</button>
</form>`;
}

function pager(base: string, { page, pages, count }: SelectedBatches, filter: ListFilter): string {
  if (pages === 1) return '';
  const link = (to: number, text: string): string =>
    to < 1 || to > pages ? '' : html`<a class="button plain" href="${base}/batches?${queryOf(filter, to)}">${text}</a>`;
  return html`<p class="pager">!${link(page - 1, 'Newer')} <span class="soft">page ${page} of ${pages}, ${showCount(count)} batches</span> !${link(page + 1, 'Older')}</p>`;
}

function queryOf({ queue, stage }: ListFilter, page: number): string {
  const query = new URLSearchParams({ page: String(page) });
  if (queue !== undefined) query.set('queue', queue);
  if (stage !== undefined) query.set('stage', stage);
  return query.toString();
}

/** The path of a batch's page. */
export const pathOf = (base: string, queue: string, batch: string): string =>
  `${base}/batches/${encodeURIComponent(queue)}/${encodeURIComponent(batch)}`;

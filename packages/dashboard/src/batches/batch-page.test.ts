import type { FailedRow } from '@bullpen/producer';
import { describe, expect, it } from 'vitest';
import { progress, view } from '../../test/some-batch.js';
import { batchBody } from './batch-page.js';

const NOW = Date.UTC(2026, 2, 2, 6, 5);
const body = (different: Parameters<typeof view>[0], failures: readonly FailedRow[] = []): string =>
  batchBody('/ops', progress(view(different)), failures, NOW);

const failure = (different: Partial<FailedRow> = {}): FailedRow =>
  ({
    ...{
      row: 7,
      payload: { email: 'a@example.com' },
      attempts: 3,
      error: { name: 'Error', message: 'no such mailbox' },
    },
    ...different,
  }) as FailedRow;

describe('batchBody', () => {
  it('shows progress, and counts that add up', () => {
    const counts = { read: 120, added: 100, duplicate: 15, rejected: 5, completed: 40, failed: 2 };
    const page = body({ ...counts, active: 8, delayed: 10, waiting: 40 });
    expect(page).toContain('<b>42%</b> · 42 of 100 settled');
    expect(page).toContain('read 120 = added 100 + duplicate 15 + rejected 5');
    expect([...page.matchAll(/<dt>(\w+)<\/dt><dd>(\d+)/g)].map(([, name, count]) => `${name} ${count}`)).toEqual([
      ...['completed 40', 'failed 2', 'cancelled 0', 'active 8', 'delayed 10', 'waiting 40'],
    ]);
    expect(page).toContain('begun <time datetime="2026-03-02T06:00:00.000Z">5m ago</time>');
  });

  it('does not show 100 % before the last row is settled', () => {
    expect(body({ added: 1_000_000, completed: 999_999 })).toContain('<b>99%</b>');
    expect(body({ completed: 100 })).toContain('<b>100%</b>');
    expect(body({ read: 0, added: 0, readAt: undefined })).toContain('<b>0%</b>');
  });

  it('shows failed rows, links to downloads below the base path, and lists commands for a terminal', () => {
    const example = { row: 1_042, error: 'Error: no such mailbox: <ada@example.com>' };
    const reasons = [{ reason: 'Error: no such mailbox: …', count: 1_234, example }];
    const page = body({ added: 2_000, failed: 1_234, reasons }, [failure()]);
    expect(page).toContain('href="/ops/batches/mail/november/failed.csv"');
    expect(page).toContain('Download 1,234 failed rows');
    expect(page).toContain('Row 1,042: Error: no such mailbox: &#60;ada@example.com&#62;');
    expect(page).toContain('{ &#34;email&#34;: &#34;a@example.com&#34; }');
    expect(page).toContain('The first 1 of 1,234.');
    for (const command of ['cancel', 'retry', 'export']) {
      expect(page).toContain(`bullpen-producer batches ${command} november --queue mail`);
    }
  });

  it('says why rows were rejected, and of a CSV that its cells are texts', () => {
    const rejections = [{ reason: 'amount: expected number, received string', count: 5_000 }];
    const page = body({ read: 5_000, added: 0, rejected: 5_000, rejections });
    expect(page).toContain('All 5,000 rows were rejected: nothing was enqueued.');
    expect(page).toContain('<td class="number">5,000</td><td>amount: expected number, received string</td>');
    expect(page).toContain('A cell of a CSV file is a text');
    expect(body({ read: 200, added: 100, rejected: 100, rejections, format: 'ndjson' })).not.toMatch(/nothing was|CSV/);
    expect(body({})).not.toContain('rejected:');
  });

  it('says why nothing moves, in place of a rate', () => {
    const standstill = 'waiting behind 4,321 jobs of this queue';
    const page = batchBody('/ops', { ...progress(view()), perSecond: 0, standstill }, [], NOW);
    expect(page).toContain(`0 of 100 settled · <b>${standstill}</b>`);
    expect(page).not.toContain('0.0/s');
  });

  it('offers nothing that has no use', () => {
    expect(body({ completed: 10 })).toContain('batches cancel');
    expect(body({ completed: 10 })).not.toMatch(/download|batches (export|retry|repair)/i);
    expect(body({ completed: 100 })).not.toMatch(/bullpen-producer|failed\.csv|Why rows failed/);
    expect(body({ cancelled: 100, cancelledAt: NOW })).not.toContain('batches cancel');
  });

  it.each([
    ['a source that was not read to its end', { readAt: undefined }, 'run the same command again'],
    ['a batch that was cancelled before that', { readAt: undefined, cancelledAt: NOW }, 'cancelled before its source'],
    ['jobs that were removed by hand', { missing: 3 }, 'The jobs of 3 waiting rows are missing'],
  ])('notes %s', (_, different, says) => {
    expect(body(different)).toContain(says);
  });

  it('has the command that brings missing rows back', () => {
    expect(body({ missing: 3 })).toContain('batches repair november &#60;source&#62; --queue mail --jobs dist/jobs.js');
  });

  it('escapes the text of a payload, an error, a reason and a file name', () => {
    const evil = `</pre><script>alert(1)</script><img src=x onerror="alert(2)">`;
    const error = { name: evil, message: evil };
    const reasons = [{ reason: evil, count: 1, example: { row: 1, error: evil } }];
    const page = body({ failed: 1, source: evil, job: evil, reasons }, [
      ...[failure({ payload: { [evil]: evil }, error: error as FailedRow['error'] }), failure({ payload: undefined })],
    ]);
    expect(page).not.toMatch(/<script|<img/);
    expect(page.match(/<pre>/g)).toHaveLength(3);
  });

  it('cuts text that is too long', () => {
    const page = body({ failed: 1 }, [failure({ payload: { text: 'x'.repeat(100_000) } })]);
    expect(page.length).toBeLessThan(10_000);
  });
});

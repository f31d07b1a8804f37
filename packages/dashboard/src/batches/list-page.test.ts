import { describe, expect, it } from 'vitest';
import { books, progress } from '../../test/some-batch.js';
import { type ListFilter, listBody, selectBatches } from './list-page.js';

const all: ListFilter = { queue: undefined, stage: undefined, page: 1 };
const many = Array.from({ length: 250 }, (_, at) =>
  progress(books({ name: `b${at}`, queue: at % 2 === 0 ? 'mail' : 'hooks', completed: at < 10 ? 100 : 0 })),
);
const names = (filter: Partial<ListFilter>): string[] =>
  selectBatches(many, { ...all, ...filter }).shown.map(({ view }) => view.name);
const body = (filter: Partial<ListFilter>, of = many): string =>
  listBody('/ops', selectBatches(of, { ...all, ...filter }), { ...all, ...filter }, Date.UTC(2026, 2, 2, 6, 5));

describe('selectBatches', () => {
  it('has a hundred batches per page, in order, and none twice', () => {
    const shown = [1, 2, 3].map((page) => names({ page }));
    expect(shown.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(shown.flat()).toEqual(many.map(({ view }) => view.name));
  });

  it('gives the last page for a number beyond it', () => {
    expect(selectBatches(many, { ...all, page: 999 })).toMatchObject({ page: 3, pages: 3, count: 250 });
    expect(selectBatches([], { ...all, page: 999 })).toMatchObject({ page: 1, pages: 1, count: 0 });
  });

  it('selects by queue and stage, and still lists all queues to choose from', () => {
    expect(names({ queue: 'mail', stage: 'settled' })).toEqual(['b0', 'b2', 'b4', 'b6', 'b8']);
    expect(names({ stage: 'cancelled' })).toEqual([]);
    expect(selectBatches(many, { ...all, queue: 'mail' }).queues).toEqual(['hooks', 'mail']);
  });
});

describe('listBody', () => {
  it('links to each batch and to the other pages, below the base path, and keeps the filter', () => {
    const page = body({ page: 2 });
    expect(page).toContain('href="/ops/batches/mail/b100"');
    expect(page).toContain('href="/ops/batches?page&#61;1"');
    expect(page).toContain('href="/ops/batches?page&#61;3"');
    expect(page).toContain('page 2 of 3, 250 batches');
    expect(body({ queue: 'mail' })).toContain('href="/ops/batches?page&#61;2&#38;queue&#61;mail"');
    expect(body({ queue: 'mail' })).toContain('<option value="mail" selected>');
  });

  it('shows how to make a batch when there is none, but not when a filter hides them', () => {
    expect(body({}, [])).toContain('bullpen-producer batch ');
    expect(body({ stage: 'cancelled' })).toContain('No batch matches.');
    expect(body({ stage: 'cancelled' })).not.toContain('bullpen-producer');
  });

  it('shows rate and time left for running batches, and neither for settled ones', () => {
    const pace = { perSecond: 12.4, secondsLeft: 7 };
    const row = (different: Parameters<typeof books>[0]): string =>
      body({}, [{ ...progress(books(different)), ...pace }]);
    expect(row({ completed: 10 })).toMatch(/12\/s[\s\S]*about 7s/);
    expect(row({ completed: 100 })).not.toMatch(/12\/s|about/);
    // Nothing moves: the page of the batch says why.
    expect(body({}, [{ ...progress(books({})), perSecond: 0 }])).not.toContain('/s<');
    expect(row({ completed: 10, cancelled: 90, cancelledAt: 1 })).not.toMatch(/12\/s|about/);
  });

  it('shows how many rows were rejected', () => {
    const page = body({}, [progress(books({ read: 5_000, added: 0, rejected: 5_000 }))]);
    expect(page).toContain('0 of 0 settled</span> · <span class="bad">5,000 rejected</span>');
    expect(body({})).not.toContain('rejected');
  });

  it('escapes names', () => {
    const page = body({}, [progress(books({ job: '<script>alert(1)</script>', queue: `"><img src=x>` }))]);
    expect(page).not.toMatch(/<script|<img/);
    expect(page).toContain('href="/ops/batches/%22%3E%3Cimg%20src%3Dx%3E/november"');
  });
});

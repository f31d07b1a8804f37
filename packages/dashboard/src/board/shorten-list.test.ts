import { expect, it } from 'vitest';
import { shortenList } from './shorten-list.js';

it('a list shows short values, and the length of longer ones', () => {
  const list = (job: object) => ({ queues: [{ name: 'mail', jobs: [job] }] });
  const short = { id: '1', data: { n: 1 }, returnValue: null, progress: 0, failedReason: 'x', opts: { attempts: 3 } };
  expect(shortenList(list(short))).toEqual(list(short));
  const long = shortenList(list({ ...short, data: { text: 'a'.repeat(1_000_000) }, failedReason: 'a'.repeat(50_000) }));
  expect(JSON.stringify(long).length).toBeLessThan(12_000);
  expect(long).toMatchObject(list({ id: '1', data: '[1001 KB: open the job to see it]' }));
  expect(shortenList({ job: short })).toEqual({ job: short });
});

import { expect, it } from 'vitest';
import { LastKnown } from './last-known.js';

it('gives the last answer to a question; the list of all queues is one, whatever its page', () => {
  const known = new LastKnown();
  known.keep('/api/queues?page=1', 'all');
  known.keep('/api/queues?activeQueue=mail&status=failed', 'failed');
  known.keep('/api/queues?activeQueue=mail&status=failed', 'failed later');
  expect(known.get('/api/queues?page=2&jobsPerPage=50')).toBe('all');
  expect(known.get('/api/queues?activeQueue=mail&status=failed')).toBe('failed later');
  expect(known.get('/api/queues?activeQueue=mail&status=active')).toBe('all');
  expect(known.get('/api/queues/mail/1')).toBeUndefined();
});

it('keeps no more than eight million characters, and of these the latest', () => {
  const known = new LastKnown();
  const third = 'x'.repeat(3_000_000);
  for (const url of ['/1', '/2', '/1', '/3']) known.keep(url, third);
  expect(['/1', '/2', '/3'].map((url) => known.get(url)?.length)).toEqual([3_000_000, undefined, 3_000_000]);
  known.keep('/1', 'x'.repeat(9_000_000));
  expect(known.get('/1')).toBeUndefined();
});

import { describe, expect, it } from 'vitest';
import { createRedactor } from '../redact/redactor.js';
import { redactAnswer } from './redact-response.js';

const SECRET = 'tok_12345678';
const payloadOf = async (queue: string, id: string) => ({ token: `${SECRET}-${queue}-${id}` });
const redact = (body: unknown, params = {}) => redactAnswer({ body, params }, createRedactor(['token']), payloadOf);

describe('what Bull Board answers', () => {
  it('is without what a job quotes of its payload, in the list and on its own page', async () => {
    const job = { id: '1', data: { token: SECRET }, failedReason: `no ${SECRET}`, opts: { malformed: [SECRET] } };
    for (const body of [{ queues: [{ name: 'mail', jobs: [job] }] }, { job, status: 'failed' }]) {
      const answer = await redact(body);
      expect(JSON.stringify(answer)).not.toContain(SECRET);
      expect(JSON.stringify(answer)).toContain('"failedReason":"no [redacted]"');
    }
  });

  it('says of queues and other jobs what it says, whatever a payload calls secret', async () => {
    const evil = { id: '1', data: { token: 'waiting' }, name: 'x' };
    const other = { id: '2', data: {}, failedReason: 'waiting' };
    const body = { queues: [{ name: 'waiting', statuses: ['waiting'], counts: { waiting: 2 }, jobs: [evil, other] }] };
    expect(await redact(body)).toEqual({
      queues: [{ ...body.queues[0], jobs: [{ ...evil, data: { token: '[redacted]' } }, other] }],
    });
  });

  it('is without what lines of a log and parts of a flow quote of their payloads, which are not in the answer', async () => {
    const lines = [`sent ${SECRET}-mail-1`, 'sent'];
    expect(await redact(lines, { queueName: 'mail', jobId: '1' })).toEqual(['sent [redacted]', 'sent']);
    const node = (id: string) => ({
      id,
      queueName: 'mail',
      progress: `${SECRET}-mail-${id}`,
      children: [] as unknown[],
    });
    const flow = { flowRoot: { ...node('1'), children: [node('2')], ignoredChildFailureReasons: { x: SECRET } } };
    expect(JSON.stringify(await redact(flow))).not.toContain(SECRET);
  });

  it('is redacted by names where no job is', async () => {
    expect(await redact({ token: SECRET, schedulers: [{ id: 's', template: { data: { token: SECRET } } }] })).toEqual({
      token: '[redacted]',
      schedulers: [{ id: 's', template: { data: { token: '[redacted]' } } }],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { createRedactor } from '../redact/redactor.js';
import { redactResponse } from './redact-response.js';

const SECRET = 'tok_12345678';
const payloadOf = async (queue: string, id: string) => ({ token: `${SECRET}-${queue}-${id}` });
const redact = (body: unknown, params = {}) => redactResponse({ body, params }, createRedactor(['token']), payloadOf);

describe('a response of Bull Board', () => {
  it('has no secret of a payload that the job quotes, in the list and on its own page', async () => {
    const job = { id: '1', data: { token: SECRET }, failedReason: `no ${SECRET}`, opts: { malformed: [SECRET] } };
    for (const body of [{ queues: [{ name: 'mail', jobs: [job] }] }, { job, status: 'failed' }]) {
      const response = await redact(body);
      expect(JSON.stringify(response)).not.toContain(SECRET);
      expect(JSON.stringify(response)).toContain('"failedReason":"no [redacted]"');
    }
  });

  it('is unchanged for queues and other jobs, whatever a payload calls secret', async () => {
    const evil = { id: '1', data: { token: 'waiting' }, name: 'x' };
    const other = { id: '2', data: {}, failedReason: 'waiting' };
    const body = { queues: [{ name: 'waiting', statuses: ['waiting'], counts: { waiting: 2 }, jobs: [evil, other] }] };
    expect(await redact(body)).toEqual({
      queues: [{ ...body.queues[0], jobs: [{ ...evil, data: { token: '[redacted]' } }, other] }],
    });
  });

  it('has no secret that log lines or parts of a flow quote of payloads that are not in the response', async () => {
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

  it('is redacted by name where there is no job', async () => {
    expect(await redact({ token: SECRET, schedulers: [{ id: 's', template: { data: { token: SECRET } } }] })).toEqual({
      token: '[redacted]',
      schedulers: [{ id: 's', template: { data: { token: '[redacted]' } } }],
    });
  });
});

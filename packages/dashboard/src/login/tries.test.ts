import fastify, { type FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import { Sessions } from './sessions.js';
import { limitTries } from './tries.js';

it('of a hundred tries at once only ten are checked', async () => {
  const app = fastify();
  const tryLogin = await limitTries(app, new Sessions(1_000), () => undefined);
  await app.ready();
  const request = { ip: '192.0.2.1', routeOptions: { config: {} } } as unknown as FastifyRequest;
  let checked = 0;
  const isRight = (): boolean => {
    checked += 1;
    return checked === 50;
  };
  const results = await Promise.all(Array.from({ length: 100 }, () => tryLogin(request, isRight)));
  expect(checked).toBe(10);
  expect(results.filter((one) => one === 'wrong')).toHaveLength(10);
  expect(results.at(-1)).toEqual({ retryAfterS: 300 });
  await app.close();
});

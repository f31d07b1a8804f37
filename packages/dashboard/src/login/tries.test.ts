import fastify, { type FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import { Sessions } from './sessions.js';
import { countTries } from './tries.js';

it('of a hundred tries at once ten are looked at', async () => {
  const app = fastify();
  const attempt = await countTries(app, new Sessions(1_000), () => undefined);
  await app.ready();
  const request = { ip: '192.0.2.1', routeOptions: { config: {} } } as unknown as FastifyRequest;
  let looked = 0;
  const isRight = (): boolean => {
    looked += 1;
    return looked === 50;
  };
  const tried = await Promise.all(Array.from({ length: 100 }, () => attempt(request, isRight)));
  expect(looked).toBe(10);
  expect(tried.filter((one) => one === 'wrong')).toHaveLength(10);
  expect(tried.at(-1)).toEqual({ retryAfterS: 300 });
  await app.close();
});

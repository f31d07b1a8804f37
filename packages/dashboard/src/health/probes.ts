import { type Redis, shareCall, within } from '@bullpen/shared/internal';
import type { FastifyInstance } from 'fastify';

/** How long Redis may take to answer before it counts as away, in milliseconds. */
const ANSWER_MS = 1_000;

/**
 * Adds `/livez` and `/readyz` at the root, whatever the base path. Anybody may ask; they answer yes
 * or no, and nothing else.
 */
export function addProbes(app: FastifyInstance, redis: Redis, isClosing: () => boolean): void {
  const open = { config: { open: true } };
  // Anybody may ask at any rate, but only one question goes to Redis at a time.
  const redisAnswers = shareCall(() => answers(redis));
  app.get('/livez', open, async () => ({ live: true }));
  app.get('/readyz', open, async (_request, reply) => {
    const ready = !isClosing() && (await redisAnswers());
    return reply.code(ready ? 200 : 503).send({ ready });
  });
}

async function answers(redis: Redis): Promise<boolean> {
  return redis.status === 'ready' && (await within(ANSWER_MS, redis.ping())) !== undefined;
}

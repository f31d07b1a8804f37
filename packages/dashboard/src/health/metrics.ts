import { depthGauges, type Exporter, MISNAMED_NODE_METRICS } from '@bullpen/shared/internal';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { refuse } from '../guard/gate.js';
import type { CheckCredentials } from '../login/credentials.js';
import type { Try } from '../login/tries.js';

/** What `/metrics` takes. */
export interface MetricsDeps {
  readonly exporter: Exporter;
  /** `undefined`: there is no login. */
  readonly check: CheckCredentials | undefined;
  readonly attempt: Try;
}

/**
 * Adds `/metrics`, at the root: how many jobs queues hold, as their exporter, and what Node tells.
 * Prometheus logs in by HTTP Basic, with the user and password that people have.
 */
export function addMetrics(app: FastifyInstance, { exporter, check, attempt }: MetricsDeps): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED_NODE_METRICS) registry.removeSingleMetric(name);
  for (const gauge of depthGauges(exporter)) new Gauge({ ...gauge, registers: [registry] });

  app.get('/metrics', { config: { open: true } }, async (request, reply) => {
    const refused = check === undefined ? undefined : await challenge(request, reply, check);
    if (refused !== undefined) return refused;
    return reply.type(registry.contentType).send(await registry.metrics());
  });

  async function challenge(
    request: FastifyRequest,
    reply: FastifyReply,
    check: CheckCredentials,
  ): Promise<FastifyReply | undefined> {
    const { authorization } = request.headers;
    // Who sends nothing tries nothing: any page could have somebody's browser ask for this.
    if (authorization !== undefined) {
      const tried = await attempt(request, () => check(...readBasic(authorization)));
      if (tried === 'right') return undefined;
      if (typeof tried === 'object') {
        return refuse(request, reply.header('retry-after', tried.retryAfterS), 429, 'Too many tries.');
      }
    }
    reply.header('www-authenticate', 'Basic realm="bullpen", charset="UTF-8"');
    return refuse(request, reply, 401, 'Log in with HTTP Basic.');
  }
}

function readBasic(header: string): [user: string, password: string] {
  const encoded = /^basic ([\w+/=]{1,4096})$/i.exec(header)?.[1] ?? '';
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const at = text.indexOf(':');
  return at < 0 ? ['', ''] : [text.slice(0, at), text.slice(at + 1)];
}

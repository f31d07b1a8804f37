import { addDepthMetrics, type Exporter, MISNAMED_NODE_METRICS } from '@bullpen/shared/internal';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { refuse } from '../guard/gate.js';
import type { CheckCredentials } from '../login/credentials.js';
import type { TryLogin } from '../login/tries.js';

/** What {@link addMetrics} needs. */
export interface MetricsDeps {
  readonly exporter: Exporter;
  /** `undefined` when there is no login. */
  readonly check: CheckCredentials | undefined;
  readonly tryLogin: TryLogin;
}

/**
 * Adds `/metrics` at the root: how many jobs the queues hold whose exporter this process is, and
 * the metrics of Node. Prometheus logs in by HTTP Basic, with the same user and password as people.
 */
export function addMetrics(app: FastifyInstance, { exporter, check, tryLogin }: MetricsDeps): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED_NODE_METRICS) registry.removeSingleMetric(name);
  addDepthMetrics({ Gauge, Counter }, registry, exporter);

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
    // Only a request with credentials counts as a try: any page can make a browser ask for this
    // URL.
    if (authorization !== undefined) {
      const result = await tryLogin(request, () => check(...readBasic(authorization)));
      if (result === 'right') return undefined;
      if (typeof result === 'object') {
        return refuse(request, reply.header('retry-after', result.retryAfterS), 429, 'Too many tries.');
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

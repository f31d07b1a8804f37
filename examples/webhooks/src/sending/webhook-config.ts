import { z } from 'zod';
import { readEnvironment } from '../read-environment.js';

const NEW_SECRET = `node -p "'whsec_' + crypto.randomBytes(24).toString('base64')"`;

/** Signs every request. It has no default: a secret that everybody knows proves nothing. */
export const webhookSecret = z
  .string(`is not set; it signs the webhooks. Make one: ${NEW_SECRET}`)
  .regex(
    /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/,
    `expected 'whsec_' and 24 to 64 bytes in base64. Make one: ${NEW_SECRET}`,
  );

// No flags: everybody who can list the machine's processes would see a secret on a command line.
const variables = z.object({
  WEBHOOK_SECRET: webhookSecret,
  WEBHOOK_URL: z.url({
    protocol: /^https?$/,
    error: ({ input }) =>
      input === undefined
        ? 'is not set; the webhooks go to this URL, such as https://hooks.example.com'
        : 'expected a URL such as https://hooks.example.com',
  }),
  WEBHOOK_USER_AGENT: z
    .string()
    .regex(/^[ -~]{1,200}$/, 'expected up to 200 characters of ASCII')
    .default('bullpen-example-webhooks'),
});

/** The configuration of the sender. */
export interface WebhookConfig {
  readonly secret: string;
  /** The receiver's URL, to which the paths of the events are appended. */
  readonly baseUrl: string;
  /** The name that we send to receivers. */
  readonly userAgent: string;
}

/**
 * Reads the configuration from the environment.
 * @throws Error that lists every fault
 */
export function readWebhookConfig(environment?: Readonly<Record<string, string | undefined>>): WebhookConfig {
  const read = readEnvironment(variables, environment);
  return { secret: read.WEBHOOK_SECRET, baseUrl: read.WEBHOOK_URL, userAgent: read.WEBHOOK_USER_AGENT };
}

import { type Config, readConfig, type Setting } from '@bullpen/shared/internal';
import { z } from 'zod';

const NEW_SECRET = `node -p "'whsec_' + crypto.randomBytes(24).toString('base64')"`;

/** Signs every request. Without a default on purpose: one that is known to all signs nothing. */
export const webhookSecret = {
  flag: 'WEBHOOK_SECRET',
  env: 'WEBHOOK_SECRET',
  schema: z
    .string(`is not set; it signs the webhooks. Make one: ${NEW_SECRET}`)
    .regex(
      /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/,
      `expected 'whsec_' and 24 to 64 bytes in base64. Make one: ${NEW_SECRET}`,
    ),
} satisfies Setting;

// There are no flags: a secret on a command line is seen by everybody who may list processes.
const settings = {
  secret: webhookSecret,
  /** Where the paths of the events start: the receiver's own URL. */
  baseUrl: {
    flag: 'WEBHOOK_URL',
    env: 'WEBHOOK_URL',
    schema: z.url({
      protocol: /^https?$/,
      error: ({ input }) =>
        input === undefined
          ? 'is not set; the webhooks go to this URL, such as https://hooks.example.com'
          : 'expected a URL such as https://hooks.example.com',
    }),
  },
  /** How we introduce ourselves to receivers. */
  userAgent: {
    flag: 'WEBHOOK_USER_AGENT',
    env: 'WEBHOOK_USER_AGENT',
    schema: z
      .string()
      .regex(/^[ -~]{1,200}$/, 'expected up to 200 characters of ASCII')
      .default('bullpen-example-webhooks'),
  },
} satisfies Record<string, Setting>;

/** What sending webhooks depends on, from the environment. */
export type WebhookConfig = Config<typeof settings>;

/**
 * Reads the configuration.
 * @throws ConfigInvalid with every fault at once
 */
export function readWebhookConfig(environment?: Readonly<Record<string, string | undefined>>): WebhookConfig {
  return readConfig(settings, {}, environment);
}

import { describe, expect, it } from 'vitest';
import { readWebhookConfig } from './webhook-config.js';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

describe('readWebhookConfig', () => {
  it('reads the environment', () => {
    const config = readWebhookConfig({ WEBHOOK_SECRET: secret, WEBHOOK_URL: 'https://hooks.example.com' });
    expect(config).toEqual({
      secret,
      baseUrl: 'https://hooks.example.com',
      userAgent: 'bullpen-example-webhooks',
    });
  });

  it('has no default secret, and lists everything that is missing at once', () => {
    expect(() => readWebhookConfig({})).toThrow(
      /WEBHOOK_SECRET: is not set.* Make one: node -p .*; WEBHOOK_URL: is not set/,
    );
  });

  it.each(['secret', 'whsec_', `whsec_${Buffer.alloc(8).toString('base64')}`])('refuses %j as a secret', (weak) => {
    const environment = { WEBHOOK_SECRET: weak, WEBHOOK_URL: 'https://hooks.example.com' };
    expect(() => readWebhookConfig(environment)).toThrow("WEBHOOK_SECRET: expected 'whsec_' and 24 to 64 bytes");
  });

  it('refuses a URL that is not http or https', () => {
    const environment = { WEBHOOK_SECRET: secret, WEBHOOK_URL: 'file:///etc/passwd' };
    expect(() => readWebhookConfig(environment)).toThrow('WEBHOOK_URL: expected a URL');
  });

  it('never repeats the secret in a message', () => {
    const environment = { WEBHOOK_SECRET: 'hunter2', WEBHOOK_URL: 'https://hooks.example.com' };
    expect(() => readWebhookConfig(environment)).toThrow(expect.not.stringContaining('hunter2'));
  });
});

import { describe, expect, it } from 'vitest';
import { suggest } from './suggest.js';

describe('suggest', () => {
  it('suggests the nearest name when one or two letters are wrong', () => {
    expect(suggest('webhook.delivr', ['mail.send', 'webhook.deliver'])).toBe(" Did you mean 'webhook.deliver'?");
  });

  it('suggests nothing when no name is close', () => {
    expect(suggest('invoice.print', ['mail.send', 'webhook.deliver'])).toBe('');
  });

  it('suggests nothing when there are no names', () => {
    expect(suggest('mail.send', [])).toBe('');
  });
});

import { describe, expect, it } from 'vitest';
import { suggest } from './suggest.js';

describe('suggest', () => {
  it('names the nearest name when a letter or two are wrong', () => {
    expect(suggest('webhook.delivr', ['mail.send', 'webhook.deliver'])).toBe(" Did you mean 'webhook.deliver'?");
  });

  it('says nothing when no name is near', () => {
    expect(suggest('invoice.print', ['mail.send', 'webhook.deliver'])).toBe('');
  });

  it('says nothing when there are no names', () => {
    expect(suggest('mail.send', [])).toBe('');
  });
});

import { describe, expect, it } from 'vitest';
import { didYouMean } from './suggest.js';

describe('didYouMean', () => {
  it('names the nearest name when a letter or two are wrong', () => {
    expect(didYouMean('webhook.delivr', ['mail.send', 'webhook.deliver'])).toBe(" Did you mean 'webhook.deliver'?");
  });

  it('says nothing when no name is near', () => {
    expect(didYouMean('invoice.print', ['mail.send', 'webhook.deliver'])).toBe('');
  });

  it('says nothing when there are no names', () => {
    expect(didYouMean('mail.send', [])).toBe('');
  });
});

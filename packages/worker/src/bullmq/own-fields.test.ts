import { describe, expect, it } from 'vitest';
import { OwnFields } from './own-fields.js';

describe('OwnFields', () => {
  it('keep the fields of a fetched job that are ours until they are taken', () => {
    const fields = new OwnFields();
    fields.note([['name', 'bullpen.suspect', 'bullpen.suspect', '2000', 'data', '{}'], 'j-1', 0, 0]);
    expect(fields.take('j-1')).toEqual({ 'bullpen.suspect': '2000' });
    expect(fields.take('j-1')).toEqual({});
  });

  it('keep nothing of other jobs, and of answers that bring none', () => {
    const fields = new OwnFields();
    fields.note([['name', 'mail.send', 'stc', '1'], 'j-1', 0, 0]);
    for (const answer of [0, null, undefined, [0, 0, 0, 0], [null, 'j-1']]) fields.note(answer);
    expect(fields.take('j-1')).toEqual({});
  });
});

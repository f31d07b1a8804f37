import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { applyEdit, pathOf } from './edit-modules.js';
import type { OldFault } from './old-fault.js';
import { OLD_FAULTS } from './old-faults.js';

const ROOT = join(import.meta.dirname, '../../../..');

describe.each(Object.entries<OldFault>(OLD_FAULTS))('%s', (_, { edits }) => {
  test('can still be put back: the texts that it replaces are there', () => {
    for (const edit of edits) {
      const text = readFileSync(join(ROOT, pathOf(edit.module)), 'utf8');
      expect(applyEdit(text, edit)).not.toBe(text);
    }
  });
});

import { expect, it } from 'vitest';
import { withoutFormulas } from './formulas.js';

it('a formula becomes text, and nothing else changes', () => {
  const row = {
    payload: {
      name: '=HYPERLINK("http://evil.example")',
      sum: '-12.50',
      phone: '+49 (30) 123',
      at: '@SUM(1)',
      n: -1,
      x: null,
    },
    error: { name: '+cmd|x', message: 'a=b' },
  };
  expect(withoutFormulas(row)).toEqual({
    payload: { ...row.payload, name: `'=HYPERLINK("http://evil.example")`, at: "'@SUM(1)" },
    error: { name: "'+cmd|x", message: 'a=b' },
  });
});

import { describe, expect, it } from 'vitest';
import { moduleFault } from './module-fault.js';

/** An error with a code and a stack, as Node makes it. */
const nodeError = (message: string, code?: string, frames = ''): Error => {
  const error = Object.assign(new Error(message), code === undefined ? {} : { code });
  return Object.assign(error, { stack: `Error: ${message}\n${frames}` });
};

describe('moduleFault', () => {
  it('names the line of the app, and neither our own file nor one of Node or of a package', () => {
    const frames = [
      `    at defineJob (${new URL('../job/job.js', import.meta.url).href}:12:3)`,
      '    at node:internal/modules/esm/loader:1:2',
      '    at parse (file:///app/node_modules/zod/index.js:5:6)',
      '    at Object.<anonymous> (/app/my jobs/jobs.cjs:7:8)',
      '    at async file:///app/main.js:1:1',
    ].join('\n');
    expect(moduleFault(nodeError('no', undefined, frames))).toBe('Error: no (at /app/my jobs/jobs.cjs:7:8)');
    const onlyPackage = '    at parse (file:///app/node_modules/zod/index.js:5:6)';
    expect(moduleFault(nodeError('no', undefined, onlyPackage))).toMatch(/zod\/index\.js:5:6\)$/);
    expect(moduleFault(nodeError('no', undefined, frames.split('\n')[0]))).toBe('Error: no');
  });

  it.each([
    ['undefined', undefined],
    ["'gone'", 'gone'],
    ['an object', { message: 'x' }],
  ])('says that a module threw %s', (shown, thrown) => {
    expect(moduleFault(thrown)).toBe(`it threw ${shown}, which is no error`);
  });

  it.each([
    ['.ts', /^Node \d+\.\d+\.\d+ does not load TypeScript \(\/app\/jobs\.ts\): build it .*tsx.*Node 22\.18/],
    ['.tsx', /^Node loads no JSX/],
    ['.yml', /^Node does not load files that end in '\.yml' \(\/app\/jobs\.yml\)/],
  ])('says what to do about a file that ends in %s', (extension, says) => {
    const message = `Unknown file extension "${extension}" for /app/jobs${extension}`;
    expect(moduleFault(nodeError(message, 'ERR_UNKNOWN_FILE_EXTENSION'))).toMatch(says);
  });

  it('gives Node’s own message where Node puts it into other words', () => {
    for (const code of ['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'toString']) {
      expect(moduleFault(nodeError('in other words', code))).toMatch(/in other words$/);
    }
  });
});

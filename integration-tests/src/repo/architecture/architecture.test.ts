import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkArchitecture } from './check-architecture.js';

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));

it('finds nothing to convict in this repository', async () => {
  expect(await checkArchitecture(REPOSITORY)).toEqual([]);
});

const TABLES = `# Architecture

## Who may import whom

package | may import
---|---
\`packages/shared\` | none of ours
\`packages/worker\` | \`shared\` \`shared/internal\`
\`packages/producer\` | \`shared\`
\`examples\` | \`shared\` \`worker\`
\`bench\` | \`worker\`

\`packages/worker/src\` | top to bottom
---|---
\`index.ts\` | front door
\`cli/\` | the process
\`worker.ts\` | puts a worker together
\`engine/\` | all that knows BullMQ
\`attempt/\` | one attempt

| door | who may import it |
|---|---|
| \`bullmq\` | \`packages/worker/src/engine/\` |
| \`packages/shared/src/redis/\` | all but \`packages/worker/src/attempt/\` |

## Where to read
`;

const manifest = (name: string, ...doors: string[]): string =>
  JSON.stringify({
    name: `@bullpen/${name}`,
    exports: Object.fromEntries([
      ['.', { default: './dist/index.js' }],
      ...doors.map((door) => [`./${door}`, { default: `./dist/${door}.js` }]),
    ]),
  });

/** A small repository that obeys all rules. */
const INNOCENT: Readonly<Record<string, string>> = {
  'ARCHITECTURE.md': TABLES,
  'packages/shared/package.json': manifest('shared', 'internal'),
  'packages/shared/src/index.ts': `export { defineJob } from './job/job.js';`,
  'packages/shared/src/internal.ts': `export { openRedis, type Redis } from './redis/redis.js'; export * from './job/id.js';`,
  'packages/shared/src/job/job.ts': 'export const defineJob = 1;',
  'packages/shared/src/job/id.ts': 'export const newId = 1;',
  'packages/shared/src/redis/redis.ts': 'export const openRedis = 1; export type Redis = string;',
  'packages/worker/package.json': manifest('worker'),
  'packages/worker/src/index.ts': `export { startWorker } from './worker.js'; export type { Outcome } from './attempt/attempt.js';`,
  'packages/worker/src/worker.ts': `import { engine } from './engine/engine.js'; export const startWorker = engine;`,
  'packages/worker/src/worker.test.ts': `import { world } from '../test/world.js'; import { startWorker } from './worker.js';`,
  'packages/worker/test/world.ts': `import { engine } from '../src/engine/engine.js'; export const world = engine;`,
  'packages/worker/src/cli/main.ts': `import { startWorker } from '../worker.js'; new Worker(new URL('./thread.js', import.meta.url));`,
  'packages/worker/src/cli/thread.ts': 'export {};',
  'packages/worker/src/engine/engine.ts': `import { Queue } from 'bullmq'; import { openRedis } from '@bullpen/shared/internal'; export const engine = 1;`,
  'packages/worker/src/attempt/attempt.ts': `import { newId } from '@bullpen/shared/internal'; export type Outcome = string;`,
  'packages/producer/package.json': manifest('producer'),
  'packages/producer/src/index.ts': `import { defineJob } from '@bullpen/shared';`,
  'examples/package.json': manifest('example'),
  'examples/worker-pool.ts': `import { startWorker } from '@bullpen/worker';`,
  'examples/webhooks/package.json': manifest('example-webhooks'),
  'examples/webhooks/src/demo.ts': `import { defineJob } from '@bullpen/shared'; import('./handlers.js'); import.meta.resolve('@bullpen/worker/package.json');`,
  'examples/webhooks/src/handlers.ts': 'export {};',
  'bench/package.json': manifest('bench'),
  'bench/src/main.ts': `import { startWorker } from '@bullpen/worker';`,
};

/** What is said of the innocent repository after these files are added or replaced. */
async function convict(changes: Readonly<Record<string, string>>): Promise<string[]> {
  const repository = await mkdtemp(join(tmpdir(), 'bullpen-architecture-'));
  try {
    for (const [path, text] of Object.entries({ ...INNOCENT, ...changes })) {
      await mkdir(dirname(join(repository, path)), { recursive: true });
      await writeFile(join(repository, path), text);
    }
    return await checkArchitecture(repository);
  } finally {
    await rm(repository, { recursive: true });
  }
}

const withTable = (from: string, to: string): Record<string, string> => {
  expect(TABLES).toContain(from);
  return { 'ARCHITECTURE.md': TABLES.replace(from, to) };
};

describe('checkArchitecture', () => {
  it('convicts nothing in a repository that obeys all rules', async () => {
    expect(await convict({})).toEqual([]);
  });

  describe('rooms', () => {
    const source = 'packages/worker/src';
    const low = `${source}/attempt/outcome.ts`;
    const high = `${source}/engine/engine.ts`;

    it.each([
      ['import', `\nimport { engine } from '../engine/engine.js';`],
      ['type import', `\nimport type { Engine } from '../engine/engine.js';`],
      ['export from', `\nexport { engine } from '../engine/engine.js';`],
      ['export of everything', `\nexport * from '../engine/engine.js';`],
      ['dynamic import', `\nconst loading = import('../engine/engine.js');`],
      ['type of an import', `\nexport type Engine = import('../engine/engine.js').Engine;`],
      ['file of a thread', `\nnew Worker(new URL('../engine/engine.js', import.meta.url));`],
      ['require', `\nconst { engine } = require('../engine/engine.js');`],
    ])('convicts an upward %s', async (_, text) => {
      expect(await convict({ [low]: text })).toEqual([
        `${low}:2 → ${high}: rooms import downwards, and engine/ stands above attempt/. ` +
          'Move what both need into the lower room, or hand it in from above.',
      ]);
    });

    it('convicts the import of a front door from inside', async () => {
      expect(await convict({ [low]: `import '../index.js';` })).toEqual([
        expect.stringContaining(`${low}:1 → ${source}/index.ts: rooms import downwards`),
      ]);
    });

    it('holds a test to the rules of the file beside it', async () => {
      expect(await convict({ [`${source}/attempt/attempt.test.ts`]: `import '../worker.js';` })).toEqual([
        expect.stringContaining('worker.ts stands above attempt/'),
      ]);
    });

    it('convicts a file that imports a test helper and is no test', async () => {
      expect(await convict({ [low]: `import '../../test/world.js';` })).toContainEqual(
        expect.stringContaining(`${low}:1 → packages/worker/test/world.ts: only tests import test helpers.`),
      );
    });
  });

  describe('packages', () => {
    const producer = 'packages/producer/src/producer.ts';

    it('convicts an import of a package that is not in the row', async () => {
      expect(await convict({ [producer]: `import { startWorker } from '@bullpen/worker';` })).toEqual([
        `${producer}:1 → @bullpen/worker: packages/producer may not import @bullpen/worker. ` +
          'Move what both need into a package that both may import.',
      ]);
    });

    it.each([
      ['@bullpen/shared/internal', producer],
      ['@bullpen/shared/dist/job/job.js', producer],
      ['@bullpen/shared/internal', 'examples/webhooks/src/jobs.ts'],
    ])('convicts an import past the front door: %s in %s', async (specifier, path) => {
      expect(await convict({ [path]: `import '${specifier}';` })).toEqual([
        `${path}:1 → ${specifier}: this passes the front door. ` +
          'Import @bullpen/shared, and export from there what is missing.',
      ]);
    });

    it('convicts a relative path into another package', async () => {
      const path = 'bench/src/run.ts';
      expect(await convict({ [path]: `import '../../packages/worker/src/worker.js';` })).toEqual([
        `${path}:1 → ../../packages/worker/src/worker.js: a relative path leaves bench. Import packages/worker by its name.`,
      ]);
    });
  });

  describe('doors', () => {
    const attempt = 'packages/worker/src/attempt/outcome.ts';

    it.each(['bullmq', 'bullmq/dist/cjs/scripts/moveToFinished-14.js'])(
      'convicts an import of %s elsewhere',
      async (name) => {
        expect(await convict({ [attempt]: `import type { Job } from '${name}';` })).toEqual([
          `${attempt}:1 → ${name}: this file may not import bullmq. Only packages/worker/src/engine/ may: use what they export.`,
        ]);
      },
    );

    it.each([`import type { Redis }`, `import * as shared`])(
      'convicts what a front door passes on from behind a closed door: %s',
      async (start) => {
        expect(await convict({ [attempt]: `${start} from '@bullpen/shared/internal';` })).toEqual([
          `${attempt}:1 → @bullpen/shared/internal: this file may not import packages/shared/src/redis/. Hand it in as a value.`,
        ]);
      },
    );
  });

  describe('cycles', () => {
    it.each(['packages/worker/src/engine', 'packages/producer/src', 'bench/src'])(
      'convicts files of %s that import types from each other in a circle',
      async (folder) => {
        const said = await convict({
          [`${folder}/a.ts`]: `import type { B } from './b.js';`,
          [`${folder}/b.ts`]: `export type B = import('./c.js').C;`,
          [`${folder}/c.ts`]: `export type { A } from './a.js';`,
        });
        expect(said).toEqual([
          `${folder}/a.ts → ${folder}/b.ts → ${folder}/c.ts → ${folder}/a.ts: these files import each other. ` +
            'Move what they share into a file of its own.',
        ]);
      },
    );
  });

  describe('tables', () => {
    it.each([
      ['a room', '`engine/`', '`engine/`, `motor/`', 'packages/worker/src/motor/'],
      ['a file', '`worker.ts`', '`worker.ts` `boss.ts`', 'packages/worker/src/boss.ts'],
      ['a package', '`bench` |', '`packages/control` | none of ours\n`bench` |', 'packages/control/'],
      [
        'a path at a door',
        '`packages/worker/src/engine/` |',
        '`packages/worker/src/motor.ts` `packages/worker/src/engine/` |',
        'packages/worker/src/motor.ts',
      ],
    ])('convict %s that does not exist', async (_, from, to, place) => {
      expect(await convict(withTable(from, to))).toEqual([
        `ARCHITECTURE.md names ${place}, which does not exist. Correct or delete it.`,
      ]);
    });

    it.each(['packages/worker/src/extra/extra.ts', 'packages/worker/src/extra.ts'])(
      'convict a file without a room: %s',
      async (path) => {
        expect(await convict({ [path]: 'export {};' })).toEqual([
          `${path} is in no room of ARCHITECTURE.md's table of packages/worker/src. Move it, or add its room.`,
        ]);
      },
    );

    it('convict a package without a row', async () => {
      expect(await convict({ 'packages/control/package.json': manifest('control') })).toEqual([
        "packages/control is in no row of ARCHITECTURE.md's table of packages. Add it.",
      ]);
    });

    it.each([
      ['the chapter', '## Who may import whom', '## Imports', 'no chapter'],
      ['the table of packages', 'package |', 'bundle |', 'unknown head: bundle'],
      ['a line under a head', '|---|---|', '', 'lacks the table'],
    ])('cannot be read without %s', async (_, from, to, message) => {
      await expect(convict(withTable(from, to))).rejects.toThrow(message);
    });
  });
});

import { expect, test } from 'vitest';
import { DocumentCheck } from './check-documents.js';

const JOBS = `
\`\`\`ts
// jobs.ts
import { defineJob } from '@bullpen/shared';
import { z } from 'zod';

export const sendInvoice = defineJob({ name: 'invoice.send', payload: z.object({ invoice: z.string() }) });
\`\`\`
`;

/** Everything that is wrong with a document that has this block after {@link JOBS}. */
async function faultsOf(language: string, code: string, mark = ''): Promise<string[]> {
  const text = `${JOBS}\n${mark}\n\`\`\`${language}\n${code}\n\`\`\`\n`;
  const check = await DocumentCheck.begin([{ path: 'trial.md', text }]);
  try {
    const types = check.typeFaults('trial.md');
    return [...types, ...check.otherFaults('trial.md'), ...(types.length > 0 ? [] : await check.runFaults('trial.md'))];
  } finally {
    await check.end();
  }
}

const IMPORT = "import { createProducer } from '@bullpen/producer';\nimport { sendInvoice } from './jobs.js';\n";
const PRODUCER = "const producer = createProducer({ redis: 'redis://127.0.0.1:6379' });\n";

test.concurrent.for([
  [
    'ts',
    "import { Worker } from '@bullpen/worker';\nconsole.log(Worker);",
    /^trial\.md:12: error TS.*no exported member 'Worker'/,
  ],
  [
    'ts',
    `${IMPORT}${PRODUCER}await producer.enqueue(sendInvoice, { invoice: 7 });`,
    /^trial\.md:15: error TS.*'number' is not/,
  ],
  [
    'ts',
    `${IMPORT}${PRODUCER}await producer.enqueue(sendInvoice, { invoice: 'i' }, { atempts: 3 });`,
    /^trial\.md:15: error TS/,
  ],
  ['ts', "throw new Error('it does not run');", /^trial\.md: exit 1: [\s\S]*it does not run/],
  [
    'sh',
    '# a queue\nbullpen-worker --handlers dist/handlers.js --concurency 5',
    /^trial\.md:13: exit 64, not 0: [\s\S]*--concurency/,
  ],
  [
    'sh',
    "bullpen-producer enqueue invoice.sent \\\n  --jobs dist/jobs.js --data '{}'",
    /^trial\.md:12: exit 64, not 0: [\s\S]*invoice\.sent/,
  ],
  ['sh', 'npx --yes pnpm@12 demos', /^trial\.md:12: package\.json has no script 'demos'/],
  ['sh', 'sh scripts/nothing.sh', /^trial\.md:12: there is no scripts\/nothing\.sh/],
  ['sh', 'rm -rf dist', /^trial\.md:12: nothing checks 'rm'/],
  ['json', '{ "type": "module", }', /^trial\.md:12: SyntaxError/],
  ['yaml', 'worker: [', /^trial\.md:12: /],
  ['dockerfile', 'FROM node:24\nCOPPY dist /app', /^trial\.md:12: line 2: Unknown instruction: COPPY/],
  ['tsx', '<p/>', /^trial\.md:12: nothing checks a block of 'tsx'/],
] as const)('a block of %s with %s is convicted', { timeout: 60_000 }, async ([language, code, fault]) => {
  expect(await faultsOf(language, code)).toEqual([expect.stringMatching(fault)]);
});

test.concurrent('blocks that are right are not convicted', async () => {
  const enqueue = `${IMPORT}${PRODUCER}await producer.enqueue(sendInvoice, { invoice: 'inv_1' });\nawait producer.close();`;
  expect(await faultsOf('ts', enqueue)).toEqual([]);
  const commands = `bullpen-producer batch invoice.send invoices.csv \\\n  --jobs dist/jobs.js --wait # one line\nbullpen-producer queues`;
  expect(await faultsOf('sh', commands)).toEqual([]);
});

test.concurrent('the context of a block is there, and its lines are not counted', async () => {
  const context = "<!-- snippet: before\nimport { sendInvoice } from './jobs.js';\n-->";
  expect(await faultsOf('ts', 'console.log(sendInvoice.name);', context)).toEqual([]);
  expect(await faultsOf('ts', 'console.log(sendInvoice.nane);', context)).toEqual([
    expect.stringMatching(/^trial\.md:14: error TS.*'nane'/),
  ]);
});

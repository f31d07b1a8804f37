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

const WRONG: Readonly<Record<string, readonly [language: string, code: string, fault: RegExp]>> = {
  'an import of a name that is not exported': [
    'ts',
    "import { Worker } from '@bullpen/worker';\nconsole.log(Worker);",
    /^trial\.md:12: error TS.*no exported member 'Worker'/,
  ],
  'a payload of a wrong type': [
    'ts',
    `${IMPORT}${PRODUCER}await producer.enqueue(sendInvoice, { invoice: 7 });`,
    /^trial\.md:15: error TS.*'number' is not/,
  ],
  'an option that does not exist': [
    'ts',
    `${IMPORT}${PRODUCER}await producer.enqueue(sendInvoice, { invoice: 'i' }, { atempts: 3 });`,
    /^trial\.md:15: error TS/,
  ],
  'a program that throws': ['ts', "throw new Error('it does not run');", /^trial\.md: exit 1: [\s\S]*it does not run/],
  'a flag that does not exist': [
    'sh',
    '# a queue\nbullpen-worker --handlers dist/handlers.js --concurency 5',
    /^trial\.md:13: exit 64, not 0: [\s\S]*--concurency/,
  ],
  'a job that does not exist, in a command of two lines': [
    'sh',
    "bullpen-producer enqueue invoice.sent \\\n  --jobs dist/jobs.js --data '{}'",
    /^trial\.md:12: exit 64, not 0: [\s\S]*invoice\.sent/,
  ],
  'a script that does not exist': [
    'sh',
    'npx --yes pnpm@12 demos',
    /^trial\.md:12: package\.json has no script 'demos'/,
  ],
  'a file that does not exist': ['sh', 'sh scripts/nothing.sh', /^trial\.md:12: there is no scripts\/nothing\.sh/],
  'a program that nobody checks': ['sh', 'rm -rf dist', /^trial\.md:12: nothing checks 'rm'/],
  'wrong JSON': ['json', '{ "type": "module", }', /^trial\.md:12: SyntaxError/],
  'wrong YAML': ['yaml', 'worker: [', /^trial\.md:12: /],
  'a wrong Dockerfile': [
    'dockerfile',
    'FROM node:24\nCOPPY dist /app',
    /^trial\.md:12: line 2: Unknown instruction: COPPY/,
  ],
  'a language that nobody checks': ['tsx', '<p/>', /^trial\.md:12: nothing checks a block of 'tsx'/],
};

test.concurrent.for(Object.entries(WRONG))('%s is convicted', async ([, [language, code, fault]]) => {
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

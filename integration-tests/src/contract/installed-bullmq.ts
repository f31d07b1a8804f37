import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where the code of the installed BullMQ is, and its version. */
export const BULLMQ_CODE = dirname(createRequire(import.meta.url).resolve('bullmq'));
const manifest = JSON.parse(readFileSync(join(BULLMQ_CODE, '../../package.json'), 'utf8')) as { version: string };
export const BULLMQ = `BullMQ ${manifest.version}`;

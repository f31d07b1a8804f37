import type { App } from './app.js';

/** The page with the other ways to install. */
export const GUIDE = 'docs/install.md';

/** What an app prints whose first job was enqueued and done. */
export const FIRST_JOB = /added k-inv_1042-[\s\S]*invoice sent/;

/** Writes README's three files and types what it prints for the first job. */
export async function firstJob(app: App): Promise<string> {
  await app.files('README.md', 'Define, handle, enqueue', 'src');
  return app.follow('README.md', 'Your first job');
}

/** Mistakes that the types must refuse, beside what they must accept. All doors are imported. */
export const TYPES = `
import { defineJob } from '@bullpen/shared';
import { z } from 'zod';
export type * as devRedis from '@bullpen/dev-redis';
export type * as producer from '@bullpen/producer';
export type * as internal from '@bullpen/shared/internal';
export type * as worker from '@bullpen/worker';

const payload = z.object({});
defineJob({ name: 'a', payload, timeout: '30s', expiresIn: 5_000 });
// @ts-expect-error not a duration
defineJob({ name: 'b', payload, timeout: 'banana' });
// @ts-expect-error not a duration
defineJob({ name: 'c', payload, backoff: { type: 'fixed', delay: 'soon' } });
`;

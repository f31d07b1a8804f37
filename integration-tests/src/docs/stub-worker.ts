import { pathToFileURL } from 'node:url';
import { isJob } from '@bullpen/shared';
import { handle, startWorker } from '@bullpen/worker';

/** What the stub returns for jobs whose result has a schema. */
const RESULTS: Readonly<Record<string, unknown>> = {
  'image.resize': { url: 'https://images.example.com/1' },
  'webhook.deliver': { status: 200, durationMs: 1 },
};

// A worker for commands of documents that wait for one. It completes every job of the module JOBS.
const jobs: Record<string, unknown> = await import(pathToFileURL(String(process.env['JOBS'])).href);
const handlers = Object.values(jobs)
  .filter(isJob)
  .map((job) => handle(job, () => RESULTS[job.name]));
const worker = startWorker({ handlers, redis: String(process.env['REDIS_URL']) });
process.once('SIGTERM', () => void worker.drain());

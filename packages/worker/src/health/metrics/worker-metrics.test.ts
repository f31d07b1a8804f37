import { readFile } from 'node:fs/promises';
import type { QueueDepth } from '@bullpen/shared/internal';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { OutcomeKind } from '../../attempt/outcome.js';
import type { WorkerEvent } from '../../events/observers.js';
import { countInto } from './measure.js';
import { type Measured, WorkerMetrics } from './worker-metrics.js';

const serves = [
  { queue: 'mail', jobs: ['mail.send', 'mail.bounce'], concurrency: 2 },
  { queue: 'images', jobs: ['image.resize'], concurrency: 5 },
];

const depth: QueueDepth = {
  ...{ queue: 'mail', paused: true, waiting: 1, prioritized: 2, delayed: 3, active: 4, completed: 5, failed: 6 },
  cancelled: 7,
  failedTrimmed: 8,
  ...{ waitingChildren: 9, failedRows: 10 },
  oldestWaitingMs: 1_500,
};

function measured(depths: readonly QueueDepth[] = [depth]) {
  const exporter = {
    depths,
    count: async () => [...exporter.depths],
    holds: (name: string) => exporter.depths.some(({ queue }) => queue === name),
  };
  const health = { live: true, ready: false, connected: true, draining: true, problems: [], stuck: [] };
  const worker: Measured = {
    ...{ serves, exporter },
    health: () => health,
    slots: () => serves.map(({ queue, concurrency }) => ({ queue, concurrency, active: 2, stuck: 1 })),
  };
  const registry = new Registry();
  return { metrics: new WorkerMetrics(worker, registry), registry, exporter, worker };
}

function ended(outcome: OutcomeKind, more: Partial<Extract<WorkerEvent, { kind: 'attempt-ended' }>> = {}): WorkerEvent {
  const what = { queue: 'mail', job: 'mail.send', jobId: 'j-1', durationMs: 20, queueWaitMs: undefined };
  const why = { attempt: 1, maxAttempts: 3, error: undefined };
  return { kind: 'attempt-ended', outcome, ...what, ...why, ...more };
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: ReadonlyMap<string, number>;
}

const SAMPLE = /^([a-z_]+)((?:\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)+\})?) (-?[0-9.e+-]+)$/;

/** Parses the exposition as strictly as Prometheus does. */
async function familiesOf(registry: Registry): Promise<Map<string, Family>> {
  const families = new Map<string, Family>();
  for (const block of (await registry.metrics()).trim().split('\n\n')) {
    const [help = '', type = '', ...lines] = block.split('\n');
    const [, name = '', text = ''] = /^# HELP ([a-z_]+) (.+)$/.exec(help) ?? [];
    const samples = new Map<string, number>();
    for (const line of lines) {
      const [, sample = '', labels = '', value] = SAMPLE.exec(line) ?? [];
      expect(sample.replace(/_(bucket|sum|count)$/, ''), line).toBe(name.replace(/_(bucket|sum|count)$/, ''));
      expect(samples.has(sample + labels), `twice: ${line}`).toBe(false);
      samples.set(sample + labels, Number(value));
    }
    expect(families.has(name), `twice: ${name}`).toBe(false);
    families.set(name, { name, help: text, type: type.replace(`# TYPE ${name} `, ''), samples });
  }
  return families;
}

const valuesOf = async (registry: Registry, name: string) =>
  Object.fromEntries((await familiesOf(registry)).get(name)?.samples ?? []);

describe('WorkerMetrics', () => {
  it('gives each metric a help text, a type and a name that follows Prometheus’ rules', async () => {
    const families = [...(await familiesOf(measured().registry)).values()];
    expect(families.length).toBeGreaterThan(15);
    for (const { name, help, type } of families) {
      expect(name).toMatch(/^bullpen_[a-z_]+$/);
      expect(help.length, name).toBeGreaterThan(20);
      expect(['counter', 'gauge', 'histogram'], name).toContain(type);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name, 'base units').not.toMatch(/_(ms|milliseconds|minutes|percent)(_|$)/);
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  it('exposes exactly the metrics and labels that docs/metrics.md lists', async () => {
    const docs = await readFile(new URL('../../../../../docs/metrics.md', import.meta.url), 'utf8');
    const told = [...(await familiesOf(measured().registry)).values()].map(({ name, type, samples }) => {
      const labels = [...samples.keys()].flatMap((key) => [...key.matchAll(/([a-z]+)="/g)].map(([, label]) => label));
      return `${name} ${type} ${[...new Set(labels)].filter((label) => label !== 'le').sort()}`;
    });
    const rows = [...docs.matchAll(/^\| `(bullpen_[a-z_]+)` \| (\w+) \| (.*?) \|/gm)].map(([, name, type, labels]) => {
      const names = [...(labels ?? '').matchAll(/`([a-z]+)`/g)].map(([, label]) => label);
      return `${name} ${type} ${names.sort()}`;
    });
    expect(rows.sort()).toEqual(told.sort());
    // Also those in alerts and queries.
    const known = new Set(told.map((metric) => metric.split(' ')[0]));
    for (const [name] of docs.matchAll(/bullpen_[a-z_]+/g)) {
      expect(known.has(name.replace(/_bucket$/, '')), name).toBe(true);
    }
  });

  it('has a series from the start for each job with a handler and each outcome, so that the first failure is a rise', async () => {
    const attempts = Object.entries(await valuesOf(measured().registry, 'bullpen_attempts_total'));
    expect(attempts).toHaveLength((3 + 2) * 8);
    expect(attempts).toContainEqual(['bullpen_attempts_total{queue="images",job="image.resize",outcome="failed"}', 0]);
    expect(attempts).toContainEqual(['bullpen_attempts_total{queue="mail",job="unknown",outcome="rejected"}', 0]);
    expect(attempts.every(([, value]) => value === 0)).toBe(true);
  });

  it('counts attempts by outcome, and measures the duration of those whose handler was called', async () => {
    const { metrics, registry } = measured();
    for (const outcome of ['completed', 'completed', 'failed', 'expired', 'crashed'] as const) {
      metrics.count(ended(outcome, { durationMs: 40 }));
    }
    const labels = 'queue="mail",job="mail.send"';
    expect(await valuesOf(registry, 'bullpen_attempts_total')).toMatchObject({
      [`bullpen_attempts_total{${labels},outcome="completed"}`]: 2,
      [`bullpen_attempts_total{${labels},outcome="failed"}`]: 1,
      [`bullpen_attempts_total{${labels},outcome="expired"}`]: 1,
      [`bullpen_attempts_total{${labels},outcome="crashed"}`]: 1,
    });
    const duration = await valuesOf(registry, 'bullpen_attempt_duration_seconds');
    expect(duration[`bullpen_attempt_duration_seconds_count{${labels}}`]).toBe(3);
    expect(duration[`bullpen_attempt_duration_seconds_sum{${labels}}`]).toBeCloseTo(0.12);
    expect(duration[`bullpen_attempt_duration_seconds_bucket{le="0.025",${labels}}`]).toBe(0);
    expect(duration[`bullpen_attempt_duration_seconds_bucket{le="0.05",${labels}}`]).toBe(3);
  });

  it('measures the queue wait of a first attempt, and of no other', async () => {
    const { metrics, registry } = measured();
    metrics.count(ended('failed', { queueWaitMs: 2_000 }));
    metrics.count(ended('completed'));
    const wait = await valuesOf(registry, 'bullpen_queue_wait_seconds');
    expect(wait['bullpen_queue_wait_seconds_sum{queue="mail",job="mail.send"}']).toBe(2);
    expect(wait['bullpen_queue_wait_seconds_count{queue="mail",job="mail.send"}']).toBe(1);
  });

  it('labels every job without a handler here as unknown, however many names there are', async () => {
    const { metrics, registry } = measured();
    const seriesOf = async () =>
      [...(await familiesOf(registry)).values()].reduce((sum, { samples }) => sum + samples.size, 0);
    const tell = (job: string): void => {
      metrics.count(ended('rejected', { job, queueWaitMs: 1 }));
      for (const kind of ['handed-back', 'lease-lapsed', 'lease-lost', 'job-gone'] as const) {
        metrics.count({ kind, queue: 'mail', job, jobId: 'j-1' });
      }
    };
    tell('first');
    const before = await seriesOf();
    // Names that every object has, and the name of another queue's job.
    for (const job of ['constructor', '__proto__', 'image.resize', '"}\n', ...Array(100).keys()]) tell(String(job));
    expect(await seriesOf()).toBe(before);
    expect(await valuesOf(registry, 'bullpen_attempts_total')).toMatchObject({
      'bullpen_attempts_total{queue="mail",job="unknown",outcome="rejected"}': 105,
    });
  });

  it('counts jobs handed back and gone, leases lapsed and lost, and outages', async () => {
    const { metrics, registry } = measured();
    const job = { queue: 'mail', job: 'mail.send', jobId: 'j-1' };
    metrics.count({ kind: 'handed-back', ...job });
    metrics.count({ kind: 'lease-lapsed', ...job });
    metrics.count({ kind: 'lease-lapsed', ...job });
    metrics.count({ kind: 'lease-lost', ...job });
    metrics.count({ kind: 'job-gone', ...job });
    metrics.count({ kind: 'outage-began' });
    const families = await familiesOf(registry);
    const of = (name: string, labels = '{queue="mail",job="mail.send"}') =>
      families.get(name)?.samples.get(name + labels);
    expect(of('bullpen_jobs_handed_back_total')).toBe(1);
    expect(of('bullpen_leases_lapsed_total')).toBe(2);
    expect(of('bullpen_leases_lost_total')).toBe(1);
    expect(of('bullpen_jobs_gone_total')).toBe(1);
    expect(of('bullpen_outages_total', '')).toBe(1);
  });

  it('reports the state of the worker at the scrape', async () => {
    const families = await familiesOf(measured().registry);
    const all = Object.fromEntries([...families.values()].flatMap(({ samples }) => [...samples]));
    expect(all).toMatchObject({
      ...{ bullpen_worker_live: 1, bullpen_worker_ready: 0, bullpen_worker_draining: 1, bullpen_redis_up: 1 },
      'bullpen_slots{queue="images"}': 5,
      'bullpen_attempts_active{queue="mail"}': 2,
      'bullpen_attempts_stuck{queue="mail"}': 1,
    });
  });

  it('reports the depth only of queues that it exports now', async () => {
    const { registry, exporter } = measured();
    expect(await valuesOf(registry, 'bullpen_queue_jobs')).toMatchObject({
      'bullpen_queue_jobs{queue="mail",state="waiting"}': 1,
      'bullpen_queue_jobs{queue="mail",state="failed"}': 6,
    });
    const holds = { 'bullpen_queue_exporter{queue="mail"}': 1, 'bullpen_queue_exporter{queue="images"}': 0 };
    expect(await valuesOf(registry, 'bullpen_queue_exporter')).toEqual(holds);
    expect(await valuesOf(registry, 'bullpen_queue_oldest_waiting_seconds')).toEqual({
      'bullpen_queue_oldest_waiting_seconds{queue="mail"}': 1.5,
    });
    exporter.depths = [];
    expect(await valuesOf(registry, 'bullpen_queue_jobs')).toEqual({});
    expect(await valuesOf(registry, 'bullpen_queue_paused')).toEqual({});
  });

  it('refuses a second worker in one registry', () => {
    const { registry, worker } = measured();
    expect(() => new WorkerMetrics(worker, registry)).toThrow('already been registered');
  });
});

describe('countInto', () => {
  it('counts events that come while the metrics are loaded, in order', async () => {
    const [told, counted]: [WorkerEvent[], WorkerEvent[]] = [
      [ended('failed'), ended('snoozed'), ended('completed')],
      [],
    ];
    let tell = (_: WorkerEvent): void => undefined;
    const observe = (observer: typeof tell) => {
      tell = observer;
      return () => undefined;
    };
    let load = (_: { count(event: WorkerEvent): void }): void => undefined;
    const counting = countInto({ observe }, new Promise((resolve) => (load = resolve)));
    for (const event of told.slice(0, 2)) tell(event);
    expect(counted).toEqual([]);
    load({ count: (event) => void counted.push(event) });
    await counting;
    tell(told[2] as WorkerEvent);
    expect(counted).toEqual(told);
  });

  it('stops observing when the metrics cannot be loaded', async () => {
    let isHeard = true;
    const observe = () => () => {
      isHeard = false;
    };
    await expect(countInto({ observe }, Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(isHeard).toBe(false);
  });
});

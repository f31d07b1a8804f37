import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Registry } from 'prom-client';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { well } from '../../test/well.js';
import type { RunningWorker } from '../running-worker.js';
import type { HealthPortOptions } from './health-port-options.js';
import { measure } from './metrics/measure.js';
import { serveHealth } from './serve-health.js';

/** A worker that does nothing, and the number of its observers. */
function idle() {
  let observers = 0;
  const worker = {
    ...{ serves: [], exporter: { count: async () => [], holds: () => false }, slots: () => [] },
    health: () => well,
    observe() {
      observers += 1;
      return () => {
        observers -= 1;
      };
    },
  };
  return { worker: worker as unknown as RunningWorker, observers: () => observers };
}

describe('serveHealth', () => {
  it('serves metrics of the worker and of the process, and leaves no observer behind when it is closed', async () => {
    const { worker, observers } = idle();
    const port = await serveHealth(worker, { port: 0, host: '127.0.0.1' });
    const metrics = await (await fetch(`http://127.0.0.1:${port.port}/metrics`)).text();
    expect(metrics).toContain('\nbullpen_worker_ready 1\n');
    expect(metrics).toContain('\nprocess_resident_memory_bytes ');
    expect(observers()).toBe(1);
    await port.close();
    expect(observers()).toBe(0);
  });

  it('refuses an option that it does not have', async () => {
    const { worker, observers } = idle();
    await expect(serveHealth(worker, { port: 0, hots: '::1' } as never)).rejects.toThrow("Did you mean 'host'?");
    await expect(measure(worker, new Registry() as never)).rejects.toThrow('is no option of measure');
    expect(observers()).toBe(0);
  });

  it('takes undefined for the host, also with exactOptionalPropertyTypes', () => {
    expectTypeOf<{ port: number; host: string | undefined }>().toExtend<HealthPortOptions>();
  });

  it('refuses what is no worker, and what is no registry', async () => {
    for (const other of [undefined, {}]) {
      await expect(serveHealth(other as never, { port: 0 })).rejects.toThrow(
        'cannot open the health port: worker: expected what startWorker returns, got ',
      );
      await expect(measure(other as never, { registry: new Registry() })).rejects.toThrow(
        'cannot measure the worker: worker: expected what startWorker returns, got ',
      );
    }
    await expect(measure(idle().worker, { registry: {} } as never)).rejects.toThrow(
      'cannot measure the worker: registry: expected a prom-client registry, got an object',
    );
  });

  it.each([-1, 65_536, 80.5, Number.NaN, '80', undefined])('refuses %s as a port', async (port) => {
    const { worker, observers } = idle();
    await expect(serveHealth(worker, { port: port as number })).rejects.toMatchObject({
      code: 'BULLPEN_OPTIONS_INVALID',
      message: expect.stringMatching(
        /^cannot open the health port: port: expected a whole number from 0 to 65535, got /,
      ),
    });
    expect(observers()).toBe(0);
  });

  it('leaves no observer behind when the port cannot be opened', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { worker, observers } = idle();
    const { port } = other.address() as AddressInfo;
    await expect(serveHealth(worker, { port, host: '127.0.0.1' })).rejects.toThrow('is in use by another process');
    expect(observers()).toBe(0);
  });
});

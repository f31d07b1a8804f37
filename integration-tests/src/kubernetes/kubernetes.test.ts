import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDuration } from '@bullpen/shared/internal';
import { QueueKeys } from 'bullmq';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { BIN } from '../support/command.js';
import { FOLDERS, type Manifest, podsOf, readFolder, readManifests, variablesOf, yamlFiles } from './manifests.js';

// These tests have no cluster. They check what can be known without one: that the manifests agree
// with each other, with the commands and with the images.

const production = readFolder(FOLDERS.production);
const all = [...production, ...readFolder(FOLDERS.trial)];
const pods = podsOf(all);
const ours = podsOf(production);
const [kustomization] = readManifests(`${FOLDERS.production}kustomization.yaml`) as [Manifest];
const secret = readEnvFile(readFileSync(`${FOLDERS.production}secret.env.example`, 'utf8'));
const settings = readEnvFile(kustomization['configMapGenerator'][0].literals.join('\n'));
const workerHelp = await execa(process.execPath, [BIN['bullpen-worker'], '--help']).then(({ stdout }) => stdout);
const dashboardProgram = fileURLToPath(new URL('../../../packages/dashboard/dist/cli/main.js', import.meta.url));
const dockerfile = fileURLToPath(new URL('../../../Dockerfile', import.meta.url));

function readEnvFile(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => /^\w+=/.test(line));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

const named = (kind: string, name: string): Manifest =>
  all.find((each) => each.kind === kind && each.metadata?.name === name) as Manifest;
const podNamed = (name: string) => pods.find((pod) => pod.name === name) as (typeof pods)[number];
const holds = (labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([label, value]) => labels[label] === value);

/** The default of a duration in the worker's own help, in milliseconds. */
function defaultMs(flag: string): number {
  const [, duration = ''] = new RegExp(`${flag}\\s+[^)]*default\\s+(\\w+)\\)`).exec(workerHelp) ?? [];
  return parseDuration(duration) as number;
}

describe('every pod', () => {
  test.each(pods)('$name may do nothing that it need not', ({ spec, container }) => {
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      // A Service called bullpen-dashboard would set BULLPEN_DASHBOARD_PORT to tcp://…
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.resources).toMatchObject({
      requests: { cpu: expect.any(String), memory: expect.any(String) },
      limits: { memory: expect.any(String) },
    });
  });

  test.each(pods)('$name is what is meant by whoever selects it', ({ name, labels }) => {
    const selectors = all.flatMap(({ kind, metadata, spec }) => {
      if (metadata?.name !== name) return [];
      if (kind === 'Service') return [spec.selector];
      return [spec?.selector?.matchLabels, spec?.podSelector?.matchLabels].filter((selector) => selector !== undefined);
    });
    expect(selectors.length).toBeGreaterThan(1);
    for (const selector of selectors) expect(holds(labels, selector)).toBe(true);
  });

  test.each(pods)('$name takes from the Secret what is in it', ({ container, spec }) => {
    const wanted = [
      ...container.env.flatMap((each: Manifest) => each['valueFrom']?.secretKeyRef ?? []),
      ...(spec.volumes ?? []).flatMap((each: Manifest) => each['secret']?.items ?? []),
    ].map(({ key }) => key);
    expect(wanted.length).toBeGreaterThan(0);
    for (const key of wanted) expect([...secret.keys()]).toContain(key);
  });

  test('has a port behind each name that is used for one', () => {
    for (const { container } of pods) {
      const names = container.ports.map(({ name }: { readonly name: string }) => name);
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        const port = container[probe]?.httpGet?.port;
        if (port !== undefined) expect(names).toContain(port);
      }
    }
    const names = pods.flatMap(({ container }) => container.ports.map(({ name }: { readonly name: string }) => name));
    const used = all.flatMap(({ kind, spec }) => {
      if (kind === 'NetworkPolicy')
        return (spec.ingress ?? []).flatMap((rule: Manifest) => rule['ports'].map(({ port }: Manifest) => port));
      if (kind === 'Service') return spec.ports.map(({ targetPort }: Manifest) => targetPort);
      return kind === 'PodMonitor' ? spec.podMetricsEndpoints.map(({ port }: Manifest) => port) : [];
    });
    expect(used.length).toBeGreaterThan(4);
    for (const port of used) expect(names).toContain(port);
  });
});

describe('our processes', () => {
  test.each(ours)('$name runs as the user of its image', ({ spec }) => {
    const [, user, group] = /^USER (\d+):(\d+)$/m.exec(readFileSync(dockerfile, 'utf8')) ?? [];
    expect([String(spec.securityContext.runAsUser), String(spec.securityContext.runAsGroup)]).toEqual([user, group]);
  });

  test.each(ours)('$name is asked whether it is live and whether it is ready', ({ container }) => {
    expect(container.startupProbe.httpGet.path).toBe('/livez');
    expect(container.livenessProbe.httpGet.path).toBe('/livez');
    expect(container.readinessProbe.httpGet.path).toBe('/readyz');
  });

  test('the worker has longer than its drain can take, and longer than its watchdog waits', () => {
    const { spec, container } = podNamed('worker');
    const watchdogMs = 1_000;
    const drainMs = defaultMs('BULLPEN_DRAIN_TIMEOUT;') + defaultMs('BULLPEN_ABORT_GRACE;') + watchdogMs;
    const leaseMs = defaultMs('BULLPEN_LEASE;') + watchdogMs;
    expect(drainMs).toBe(29_000);
    expect(spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(Math.max(drainMs, leaseMs) + 5_000);
    const { periodSeconds, failureThreshold } = container.livenessProbe;
    expect(periodSeconds * failureThreshold * 1_000).toBeGreaterThan(leaseMs);
    expect(container.lifecycle).toBeUndefined();
  });

  test('the worker knows every variable that it is given', () => {
    for (const name of [...settings.keys(), ...variablesOf(podNamed('worker')).keys()])
      expect(`${workerHelp} (REDIS_URL`).toContain(`(${name}`);
  });

  test('so does the dashboard', async () => {
    const { stdout } = await execa(process.execPath, [dashboardProgram, '--help']);
    for (const name of [...settings.keys(), ...variablesOf(podNamed('dashboard')).keys()])
      expect(stdout).toContain(name);
  });

  test('each listens where it is asked', () => {
    const ports = ours.map((pod) => [pod.container.ports[0].containerPort, variablesOf(pod)] as const);
    for (const [port, variables] of ports)
      expect(variables.get('BULLPEN_HEALTH_PORT') ?? variables.get('BULLPEN_DASHBOARD_PORT')).toBe(String(port));
  });

  test('the dashboard is where the Ingress sends people, and its password is one', () => {
    const variables = variablesOf(podNamed('dashboard'));
    const [path] = named('Ingress', 'dashboard').spec.rules[0].http.paths;
    expect(path.path).toBe(variables.get('BULLPEN_DASHBOARD_BASE_PATH'));
    const [file] = podNamed('dashboard').spec.volumes[0].secret.items;
    const [mount] = podNamed('dashboard').container.volumeMounts;
    expect(`${mount.mountPath}/${file.path}`).toBe(variables.get('BULLPEN_DASHBOARD_PASSWORD_FILE'));
    expect(secret.get('BULLPEN_DASHBOARD_PASSWORD')?.length).toBeGreaterThanOrEqual(12);
    expect(named('Deployment', 'dashboard').spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  });
});

describe('scaling', () => {
  const { spec } = named('ScaledObject', 'worker');

  test('looks at the list where jobs wait, on the Redis that has them', () => {
    const [{ metadata }] = spec.triggers;
    const keys = new QueueKeys(settings.get('BULLPEN_PREFIX')).getKeys('webhooks');
    expect(metadata.listName).toBe(keys['wait']);
    // KEDA asks from its own namespace.
    const { hostname, port } = new URL(secret.get('REDIS_URL') as string);
    expect(metadata.address).toBe(`${hostname}.${kustomization['namespace']}.svc:${port}`);
    expect([hostname, Number(port)]).toEqual(['redis', named('Service', 'redis').spec.ports[0].port]);
    expect(secret.get('REDIS_URL')).toContain(`:${secret.get('REDIS_PASSWORD')}@`);
  });

  test('never leaves nobody, and nobody else says how many there are', () => {
    expect(named('Deployment', spec.scaleTargetRef.name).spec.replicas).toBeUndefined();
    expect(spec.minReplicaCount).toBeGreaterThanOrEqual(2);
    expect(named('Deployment', 'worker').spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
  });
});

test('Redis, for trying out, keeps what it accepts', () => {
  const script = podNamed('redis').container.command.at(-1);
  for (const setting of ['appendonly yes', 'maxmemory-policy noeviction', 'requirepass'])
    expect(script).toContain(setting);
});

test('kustomize is given every file', () => {
  for (const folder of Object.values(FOLDERS)) {
    const [{ resources, configurations = [] }] = readManifests(`${folder}kustomization.yaml`) as [Manifest];
    const given = ['kustomization.yaml', ...resources, ...configurations].filter((name) => name.endsWith('.yaml'));
    expect(given.sort()).toEqual(yamlFiles(folder).sort());
  }
});

const hasKubectl = await execa('kubectl', ['kustomize', '--help'], { reject: false }).then(({ failed }) => !failed);

test.skipIf(!hasKubectl)('kustomize builds it, and what refers to a generated name has it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-deploy-'));
  try {
    await cp(fileURLToPath(new URL('../../../deploy/', import.meta.url)), folder, { recursive: true });
    await cp(join(folder, 'kubernetes/secret.env.example'), join(folder, 'kubernetes/secret.env'));
    const { stdout } = await execa('kubectl', ['kustomize', join(folder, 'trial')]);
    const built = parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
    const generated = built.find(({ kind }) => kind === 'Secret')?.metadata?.name as string;
    expect(generated).toMatch(/^bullpen-./);
    // Worker, dashboard (twice), Redis, KEDA (unknown to kustomize), and its own name.
    expect(stdout.split(generated)).toHaveLength(1 + 6);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

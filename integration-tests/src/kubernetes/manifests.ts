import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** The part of a Kubernetes object that the tests look at; anything may be missing. */
export interface Manifest {
  readonly kind: string;
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: whatever its kind has.
  readonly spec?: any;
  // biome-ignore lint/suspicious/noExplicitAny: a kustomization has no spec.
  readonly [field: string]: any;
}

/** One pod of a Deployment or StatefulSet, and its container. */
export interface Pod {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: as Kubernetes has it.
  readonly spec: any;
  // biome-ignore lint/suspicious/noExplicitAny: as Kubernetes has it.
  readonly container: any;
}

export const FOLDERS = { production: deployFolder('kubernetes'), trial: deployFolder('trial') };

function deployFolder(name: string): string {
  return fileURLToPath(new URL(`../../../deploy/${name}/`, import.meta.url));
}

/** Names of the YAML files in a folder. */
export const yamlFiles = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/**
 * Every object in a YAML file.
 * @throws when the YAML is wrong: a key that occurs twice is wrong, too
 */
export function readManifests(path: string): Manifest[] {
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw fault;
    return document.toJS() as Manifest;
  });
}

/** The objects of a folder, without its kustomization and what that uses. */
export function readFolder(folder: string): Manifest[] {
  const manifests = yamlFiles(folder).flatMap((name) => readManifests(folder + name));
  return manifests.filter(({ apiVersion = '' }) => apiVersion !== '' && !apiVersion.startsWith('kustomize'));
}

/** The pods that the objects describe. */
export function podsOf(manifests: readonly Manifest[]): Pod[] {
  return manifests
    .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
    .map(({ metadata, spec }) => ({
      name: metadata?.name ?? '',
      labels: spec.template.metadata.labels,
      spec: spec.template.spec,
      container: spec.template.spec.containers[0],
    }));
}

/** The names of the variables that a container gets. */
export function variablesOf({ container }: Pod): Map<string, string | undefined> {
  const env = (container.env ?? []) as { readonly name: string; readonly value?: string }[];
  return new Map(env.map(({ name, value }) => [name, value]));
}

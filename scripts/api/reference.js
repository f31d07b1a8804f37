import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application, Converter, Logger, LogLevel, ReflectionKind } from 'typedoc';

/** What needs a docstring. */
const DOCUMENTED = ['Class', 'Interface', 'Function', 'Variable', 'TypeAlias', 'Property', 'Method', 'Accessor'];

/** What needs an example as well. */
const WITH_EXAMPLE = ReflectionKind.Class | ReflectionKind.Function;

const OPTIONS = {
  plugin: ['typedoc-plugin-markdown'],
  name: 'API reference',
  readme: 'none',
  router: 'module',
  logLevel: 'Warn',
  // Line numbers would change with every commit.
  disableSources: true,
  excludeExternals: true,
  // The order in which a reader needs them.
  groupOrder: [
    'Functions',
    'Interfaces',
    'Type Aliases',
    'Classes',
    'Variables',
    'Properties',
    'Accessors',
    'Methods',
    '*',
  ],
  sortEntryPoints: false,
  validation: { notExported: false, notDocumented: true, invalidLink: true },
  requiredToBeDocumented: DOCUMENTED,
  entryFileName: 'README',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  pageTitleTemplates: { module: ({ name }) => `@bullpen/${name}` },
  parametersFormat: 'table',
  propertiesFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { hideDefaults: true, hideInherited: true, hideModifiers: true, hideOverrides: true },
};

const indexOf = (packages) => `# API reference

Made of the docstrings. Change those, and run \`pnpm api:update\`.

| package | |
| ------ | ------ |
${packages.map(({ folder, name, description }) => `| [${name}](${folder}.md) | ${description} |`).join('\n')}
`;

/** Collects what TypeDoc warns about. */
class Warnings extends Logger {
  messages = [];

  log(message, level) {
    if (level >= LogLevel.Warn) this.messages.push(message);
  }
}

/**
 * Writes the API reference, Markdown made of the docstrings, and compares it with the committed
 * one.
 * @param update whether to replace the committed reference
 * @returns the faults, one line each
 */
export async function reference({ packages, tsconfig, pages }, update) {
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-reference-'));
  try {
    const app = await Application.bootstrapWithPlugins({
      ...OPTIONS,
      tsconfig,
      entryPoints: packages.map(({ door }) => door),
      packagesRequiringDocumentation: packages.map(({ name }) => name),
      out: folder,
    });
    const warnings = new Warnings();
    app.logger = warnings;
    app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => tidy(project, packages));
    const project = await app.convert();
    if (project === undefined) return warnings.messages;
    app.validate(project);
    await app.generateOutputs(project);
    await writeFile(join(folder, 'README.md'), indexOf(packages));
    return [
      ...warnings.messages,
      ...namelessParameters(project),
      ...missingExamples(project),
      ...(await compare(folder, pages, update)),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

function tidy(project, packages) {
  for (const module of project.children ?? []) {
    const { folder } = packages.find(({ folder }) => module.name.startsWith(`${folder}/`));
    module.name = folder;
  }
  // Apps catch our errors and do not make them: a constructor without a docstring is ours.
  for (const made of project.getReflectionsByKind(ReflectionKind.Constructor))
    if (!made.signatures?.some(({ comment }) => comment !== undefined)) project.removeReflection(made);
}

/** A parameter that is taken apart has a name only in a docstring. */
function namelessParameters(project) {
  return project
    .getReflectionsByKind(ReflectionKind.Parameter)
    .filter(({ name }) => name === '__namedParameters')
    .map((reflection) => `${reflection.parent.getFullName()}: give its parameter a name with @param.`);
}

function missingExamples(project) {
  return project
    .getReflectionsByKind(WITH_EXAMPLE)
    .filter(({ comment, signatures = [] }) =>
      [comment, ...signatures.map((signature) => signature.comment)].every((one) => !one?.getTag('@example')),
    )
    .map((reflection) => `${reflection.getFullName()} has no @example.`);
}

async function compare(written, committed, update) {
  const read = (folder, page) => readFile(join(folder, page), 'utf8').catch(() => undefined);
  const names = [...(await readdir(written)), ...(await readdir(committed).catch(() => []))];
  const changed = [];
  for (const page of new Set(names)) {
    const now = await read(written, page);
    if (now !== (await read(committed, page))) changed.push({ page, now });
  }
  if (!update) return changed.map(({ page }) => `The API reference is out of date: ${page}.`);
  await mkdir(committed, { recursive: true });
  for (const { page, now } of changed)
    await (now === undefined ? rm(join(committed, page)) : writeFile(join(committed, page), now));
  return [];
}

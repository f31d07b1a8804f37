import { type Expression, parseSync, type Span, Visitor } from 'oxc-parser';

/** One place in a file that names another module. */
export interface FoundImport {
  readonly specifier: string;
  readonly line: number;
  /** The names it takes from there; `*` stands for all of them. */
  readonly names: readonly string[];
  /** `export … from`: the names are passed on. */
  readonly isExport: boolean;
}

/**
 * Reads what a file imports: `import`, `export … from`, `import()`, `import('x').T`,
 * `new URL('./x.js', import.meta.url)`, `import.meta.resolve()`, `require()` and
 * `require.resolve()`. Type imports count. A specifier that is computed cannot be read.
 *
 * @throws Error when the file cannot be parsed
 */
export function readImports(path: string, source: string): FoundImport[] {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const found: FoundImport[] = [];
  const add = (specifier: string | undefined, { start }: Span, names = ['*'], isExport = false): void => {
    if (specifier === undefined) return;
    found.push({ specifier, line: source.slice(0, start).split('\n').length, names, isExport });
  };
  new Visitor({
    ImportDeclaration(node) {
      const names = node.specifiers.map((one) =>
        one.type === 'ImportSpecifier' ? nameOf(one.imported) : one.type === 'ImportDefaultSpecifier' ? 'default' : '*',
      );
      add(node.source.value, node, names);
    },
    ExportNamedDeclaration(node) {
      const names = node.specifiers.map(({ exported }) => nameOf(exported));
      add(node.source?.value, node, names, true);
    },
    ExportAllDeclaration: (node) => add(node.source.value, node, ['*'], true),
    ImportExpression: (node) => add(textOf(node.source), node),
    TSImportType: (node) =>
      add(node.source.value, node, node.qualifier?.type === 'Identifier' ? [node.qualifier.name] : ['*']),
    NewExpression(node) {
      const [file, base] = node.arguments;
      const { callee } = node;
      if (callee.type === 'Identifier' && callee.name === 'URL' && isImportMeta(base, 'url')) add(textOf(file), node);
    },
    CallExpression(node) {
      const { callee } = node;
      const isRequire =
        (callee.type === 'Identifier' && callee.name === 'require') ||
        (callee.type === 'MemberExpression' && callee.object.type === 'Identifier' && callee.object.name === 'require');
      if (isRequire || isImportMeta(callee, 'resolve')) add(textOf(node.arguments[0]), node);
    },
  }).visit(program);
  return found;
}

type Node = Expression | { readonly type: string } | undefined;

function isImportMeta(node: Node, property: string): boolean {
  if (node?.type !== 'MemberExpression') return false;
  const { object, property: name } = node as Extract<Expression, { type: 'MemberExpression' }>;
  return object.type === 'MetaProperty' && name.type === 'Identifier' && name.name === property;
}

function textOf(node: Node): string | undefined {
  const { value } = (node?.type === 'Literal' ? node : {}) as { readonly value?: unknown };
  return typeof value === 'string' ? value : undefined;
}

function nameOf(node: { readonly name: string } | { readonly value: string }): string {
  return 'name' in node ? node.name : node.value;
}

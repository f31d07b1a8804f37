/** The place of a field in a value: its name, and the names above it. */
export interface Path {
  readonly name: string;
  readonly above: Path | undefined;
}

/** A longer name is not split into words. */
const MAX_NAME = 200;
/**
 * The most names whose answer is remembered. Values have few different names, unless names are
 * data.
 */
const MAX_KNOWN = 10_000;

/** Makes the check whether a path leads to a secret. `createRedactor` explains the paths. */
export function secretPaths(paths: readonly string[]): (path: Path) => boolean {
  const names = new Set(paths.filter((path) => !path.includes('.')).map(normal));
  const longer = paths.filter((path) => path.includes('.')).map((path) => path.split('.').map(normal).reverse());
  const known = new Map<string, boolean>();
  const isNamedSo = (name: string): boolean => {
    const answer = known.get(name) ?? endsOf(name).some((end) => names.has(end));
    if (known.size < MAX_KNOWN) known.set(name, answer);
    return answer;
  };
  return (path) => isNamedSo(path.name) || longer.some((pattern) => matches(pattern, path));
}

function matches(pattern: readonly string[], path: Path): boolean {
  let at: Path | undefined = path;
  for (const name of pattern) {
    if (at === undefined || (name !== '*' && name !== normal(at.name))) return false;
    at = at.above;
  }
  return true;
}

const normal = (name: string): string => name.toLowerCase().replace(/[_-]/g, '');

/** Lists a name and its ends, word by word: `xApiKey` gives `xapikey`, `apikey` and `key`. */
function endsOf(name: string): string[] {
  if (name.length > MAX_NAME) return [normal(name)];
  const words = name.split(/[^\p{L}\p{N}]+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u).map(normal);
  return words.map((_, at) => words.slice(at).join(''));
}

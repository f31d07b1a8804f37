/** A description of a thrown value: plain text that can be logged and stored. */
export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The error's `code`, when that is text. */
  readonly code: string | undefined;
}

const MAX_NAME = 200;
const MAX_MESSAGE = 4_096;
const MAX_STACK = 16_384;

/**
 * Describes anything a handler may throw: `undefined`, a string, a frozen object, an error whose
 * getters throw, a revoked proxy. Never throws. Reads each property once, because a getter may
 * answer differently the second time.
 */
export function describeThrown(thrown: unknown): Thrown {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) {
    return {
      name: 'Error',
      message: clip(`handler threw ${show(thrown)}`, MAX_MESSAGE),
      stack: undefined,
      code: undefined,
    };
  }
  const name = read(thrown, 'name') || 'Error';
  const message = (read(thrown, 'message') || `handler threw ${show(thrown)}`) + causeOf(thrown);
  const stack = read(thrown, 'stack');
  const code = read(thrown, 'code');
  return {
    name: clip(name, MAX_NAME),
    message: clip(message, MAX_MESSAGE),
    stack: stack === undefined ? undefined : clip(stack, MAX_STACK),
    code: code === undefined ? undefined : clip(code, MAX_NAME),
  };
}

const MAX_CAUSES = 3;

/** The causes of an error, in brackets: "fetch failed" is no help without its ECONNREFUSED. */
function causeOf(thrown: object, depth = 1): string {
  const cause = readProperty(thrown, 'cause');
  if (typeof cause === 'string') return ` (cause: ${cause})`;
  if (typeof cause !== 'object' || cause === null || depth > MAX_CAUSES) return '';
  const text = read(cause, 'message') || read(cause, 'code');
  return `${text === undefined ? '' : ` (cause: ${text})`}${causeOf(cause, depth + 1)}`;
}

function read(thrown: object, property: string): string | undefined {
  const value = readProperty(thrown, property);
  return typeof value === 'string' ? value : undefined;
}

/** Reads a property of a thrown value; `undefined` when reading itself throws. */
export function readProperty(thrown: object, property: string): unknown {
  try {
    return Reflect.get(thrown, property);
  } catch {
    return undefined;
  }
}

function show(value: unknown): string {
  try {
    if (typeof value === 'string') return JSON.stringify(value);
    if (typeof value === 'object') return JSON.stringify(value) ?? String(value);
    return String(value);
  } catch {
    return 'something that cannot be shown';
  }
}

function clip(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`;
}

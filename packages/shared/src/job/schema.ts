import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Fault } from './errors/bullpen-error.js';

/** Any schema that implements Standard Schema: of zod, valibot, arktype and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** The result of `parse`: the value that the schema returned, or every fault that it found. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Whether `value` looks like a Standard Schema (version 1). */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Partial<Schema>)['~standard'];
  return typeof standard === 'object' && standard !== null && typeof standard.validate === 'function';
}

/**
 * Parses `value` with `schema`. Never throws: when the schema throws, that is a fault. For a
 * synchronous schema it returns the result itself and no promise, so that a million rows do not
 * wait a million times for nothing.
 */
export function parse<T>(schema: Schema<unknown, T>, value: unknown): Parsed<T> | Promise<Parsed<T>> {
  try {
    const result = schema['~standard'].validate(value);
    // Checks `then`, not the class: the promise may be of another realm or library.
    return 'then' in result
      ? Promise.resolve(result)
          .then(read<T>)
          .catch(threw)
      : read(result);
  } catch (error) {
    return threw(error);
  }
}

function read<T>(result: StandardSchemaV1.Result<T>): Parsed<T> {
  if (result.issues === undefined) return { ok: true, value: result.value };
  return { ok: false, faults: result.issues.map((issue) => ({ path: pathOf(issue), reason: issue.message })) };
}

function threw(error: unknown): Parsed<never> {
  return { ok: false, faults: [{ path: '', reason: `the schema itself threw: ${wordsOf(error)}` }] };
}

function wordsOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'something that cannot be shown';
  }
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  return (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
}

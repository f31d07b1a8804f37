import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Fault } from './errors.js';

/** Any schema that speaks Standard Schema: zod, valibot, arktype and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** What `parse` returns: the value as the schema leaves it, or every fault it found. */
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
 * Runs `value` through `schema`. Never throws: a schema that throws is a fault too. Returns the
 * answer itself, not a promise of it, when the schema is synchronous, because a million rows should
 * not wait a million times for nothing.
 */
export function parse<T>(schema: Schema<unknown, T>, value: unknown): Parsed<T> | Promise<Parsed<T>> {
  try {
    const result = schema['~standard'].validate(value);
    // By its `then`, not by its class: a promise may be another realm's, or another library's.
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

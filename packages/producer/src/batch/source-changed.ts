import { type BatchRef, SourceInvalid } from '@bullpen/shared';

/** The error for a source that is not the one that its batch was begun with. */
export function sourceChanged(batch: BatchRef, how = 'the rows read before are not the same'): SourceInvalid {
  return new SourceInvalid(
    `the source is not the one that batch '${batch.name}' was begun with: ${how}; give it the same source, or another name`,
    { batch },
  );
}

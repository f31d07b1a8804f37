/**
 * Iterates over `items` until `signal` aborts. The iteration then ends at once, also while it waits
 * for an item that never comes. Ask the signal to know which of the two ended it.
 */
export function untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterate(items[Symbol.asyncIterator](), signal) };
}

// Not a generator: it would wait three times more for each item, and its `return` would wait for an
// item that never comes.
function iterate<T>(iterator: AsyncIterator<T>, signal: AbortSignal): AsyncIterator<T> {
  const ended: IteratorResult<T> = { done: true, value: undefined };
  let endWait: (() => void) | undefined;
  const abort = (): void => endWait?.();
  signal.addEventListener('abort', abort, { once: true });
  const stopListening = (): void => signal.removeEventListener('abort', abort);
  return {
    next() {
      return new Promise((resolve, reject) => {
        const end = (): void => {
          endWait = undefined;
          // We tell the source to end, but do not wait for it: it may be waiting itself.
          iterator.return?.().catch(() => undefined);
          resolve(ended);
        };
        if (signal.aborted) return end();
        endWait = end;
        iterator.next().then(
          (result) => {
            endWait = undefined;
            if (result.done === true) stopListening();
            resolve(result);
          },
          (error: unknown) => {
            stopListening();
            reject(error);
          },
        );
      });
    },
    async return() {
      stopListening();
      await iterator.return?.();
      return ended;
    },
  };
}

/**
 * Iterates as `items` does, until `signal` aborts: then it ends at once, also in the middle of a
 * wait for something that never comes. Who needs to know which of the two it was asks the signal.
 */
export function untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterate(items[Symbol.asyncIterator](), signal) };
}

// By hand, not as a generator: that would wait three times more for each item, and a call of
// `return` behind the one for an item that never comes.
function iterate<T>(iterator: AsyncIterator<T>, signal: AbortSignal): AsyncIterator<T> {
  const ended: IteratorResult<T> = { done: true, value: undefined };
  let endWait: (() => void) | undefined;
  const abort = (): void => endWait?.();
  signal.addEventListener('abort', abort, { once: true });
  const leave = (): void => signal.removeEventListener('abort', abort);
  return {
    next() {
      return new Promise((resolve, reject) => {
        const end = (): void => {
          endWait = undefined;
          // Told to end, but not waited for: it may be waiting itself.
          iterator.return?.().catch(() => undefined);
          resolve(ended);
        };
        if (signal.aborted) return end();
        endWait = end;
        iterator.next().then(
          (result) => {
            endWait = undefined;
            if (result.done === true) leave();
            resolve(result);
          },
          (error: unknown) => {
            leave();
            reject(error);
          },
        );
      });
    },
    async return() {
      leave();
      await iterator.return?.();
      return ended;
    },
  };
}

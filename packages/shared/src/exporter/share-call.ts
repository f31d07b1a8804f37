/**
 * Wraps work so that it never runs twice at the same time. Calls that come while it runs share its
 * result.
 */
export function shareCall<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= work().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

/**
 * Makes work that is never done twice at once: who asks for it while it is under way gets what
 * comes of that.
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

/** BullMQ's scripts have types only beside modules that Node does not load. */
declare module 'bullmq/dist/cjs/scripts/moveToFinished-14.js' {
  export const moveToFinished: { readonly name: string; readonly content: string; readonly keys: number };
}

/** BullMQ's scripts have types only beside modules that Node does not load. */
declare module 'bullmq/dist/cjs/scripts/promote-9.js' {
  export const promote: { readonly name: string; readonly content: string; readonly keys: number };
}
declare module 'bullmq/dist/cjs/scripts/reprocessJob-9.js' {
  export const reprocessJob: { readonly name: string; readonly content: string; readonly keys: number };
}

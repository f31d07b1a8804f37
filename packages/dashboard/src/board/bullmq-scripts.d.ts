/** BullMQ's scripts have types only beside modules that Node does not load. Each has its own file. */
declare module 'bullmq/dist/cjs/scripts/*.js' {
  interface BullmqScript {
    readonly name: string;
    readonly content: string;
    readonly keys: number;
  }
  export const cleanJobsInSet: BullmqScript;
  export const drain: BullmqScript;
  export const pause: BullmqScript;
  export const promote: BullmqScript;
  export const removeJob: BullmqScript;
  export const reprocessJob: BullmqScript;
}

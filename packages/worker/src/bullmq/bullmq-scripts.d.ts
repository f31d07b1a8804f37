/** BullMQ's scripts have types only beside modules that Node does not load. Each has its own file. */
declare module 'bullmq/dist/cjs/scripts/*.js' {
  interface BullmqScript {
    readonly name: string;
    readonly content: string;
    readonly keys: number;
  }
  export const getRateLimitTtl: BullmqScript;
  export const isMaxed: BullmqScript;
  export const moveToDelayed: BullmqScript;
  export const moveToFinished: BullmqScript;
  export const retryJob: BullmqScript;
  export const updateJobScheduler: BullmqScript;
}

/**
 * The front door for sister packages, with everything that producers, workers and dashboards share
 * inside. Apps use `@bullpen/shared`; what stands here may change in any release.
 */

export { Exporter, type ExporterOptions } from './exporter/exporter.js';
export { addDepthMetrics, MISNAMED_NODE_METRICS } from './exporter/prometheus.js';
export type { QueueDepth } from './exporter/queue-depth.js';
export { shareCall } from './exporter/share-call.js';
export { backoffDelayMs, DEFAULT_JITTER } from './job/backoff.js';
export { type BullpenOpts, readBullpenOpts } from './job/bullpen-opts.js';
export { parseDate } from './job/date.js';
export { describeThrown, readProperty, type Thrown } from './job/describe-thrown.js';
export {
  isInstant,
  MAX_DELAY_MS,
  MAX_TIMER_MS,
  parseDuration,
  parseTimerDuration,
  showDuration,
  writeDuration,
} from './job/duration.js';
export { listFaults } from './job/errors/bullpen-error.js';
export { reasonOfFailure } from './job/failure-reason.js';
export { type FailureRecord, readFailure, writeFailure } from './job/failure-record.js';
export { FATE } from './job/fate.js';
export { isOptions } from './job/is-options.js';
export { definedJobs } from './job/job.js';
export { hashKey, idForKey, newId, newMark } from './job/job-id.js';
export { JsonElements } from './job/json-elements.js';
export { jsonElements, jsonMembers } from './job/json-text.js';
export { keyFault } from './job/key-fault.js';
export { type OptionTable, optionFaults } from './job/option-faults.js';
export { redactUrls } from './job/redact-urls.js';
export { expandRows, idForRow, isBatchName, MAX_ROWS, MAX_ROWS_PER_JOB, readRowKey, rowOfId } from './job/row-id.js';
export { type Parsed, parse } from './job/schema.js';
export { showRate } from './job/show-rate.js';
export { showText, showValue } from './job/show-value.js';
export { snoozeFault } from './job/snooze-time.js';
export { suggest } from './job/suggest.js';
export { Coalescer } from './process/coalescer.js';
export { listenFault } from './process/listen-fault.js';
export { loadModule } from './process/load-module.js';
export { isPort } from './process/setting-schemas.js';
export {
  onExit,
  onFault,
  onStopSignal,
  STOP_SIGNALS,
  type StopSignal,
  type TellHeard,
} from './process/signals.js';
export { TimeIsUp, within, withTimeout } from './process/within.js';
export { BOOKS_BASE_SCRIPT, BOOKS_SCRIPT } from './redis/books-script.js';
export { defineScripts, type Script, type ScriptArg, type ScriptEffect, withHeader } from './redis/define-scripts.js';
export { obeyEvents } from './redis/engine-events.js';
export { DEFAULT_EVENTS, declaredEvents, EVENT_STEPS, eventsFaults, isEvents } from './redis/events.js';
export { explainRedis } from './redis/explain-redis.js';
export { KEY_SCRIPT } from './redis/key-script.js';
export {
  type BatchKeys,
  batchesKey,
  batchKeys,
  cancelledBatch,
  cancelledBatchesKey,
  cancelledChannel,
  DEFAULT_PREFIX,
  lockKey,
  META,
  neighboursKey,
  prefixFault,
  type QueueKeys,
  queueKeys,
  suspectsKey,
} from './redis/keys.js';
export {
  CANCELLED_FAILURE,
  DELAYED_STEPS_PER_MS,
  LAYOUT,
  OWN_FIELDS,
  SUSPECT_FIELD,
  TRIAL_FIELD,
  WAKE_MARKER,
} from './redis/layout.js';
export {
  isRefusal,
  moment,
  type OutageKind,
  OutageLog,
  type OutageLogDeps,
  type WatchedRedis,
} from './redis/outage-log.js';
export { PRIORITIES_SCRIPT } from './redis/priorities-script.js';
export { countOutstanding, countQueue, countQueues, findQueues, SCAN_COUNT } from './redis/queue-counts.js';
export { forgetCommand, openRedis, type Redis, type RedisRole, showRedis } from './redis/redis.js';
export { fetchTime, MAX_SKEW_MS, RedisClock, showSkew } from './redis/redis-clock.js';
export {
  isConnectionLoss,
  isForbidden,
  lacksPermission,
  reasonOf,
  refusesForNow,
  refusesUs,
} from './redis/redis-faults.js';
export { mayEvict, tooOld } from './redis/redis-server.js';

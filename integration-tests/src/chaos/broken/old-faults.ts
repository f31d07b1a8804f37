import type { OldFault } from './old-fault.js';

const READING_THE_META = `
local meta = call('HMGET', metaKey, PAUSED`;

/**
 * What the world once did to a queue, by the name of each fault. The texts are those of the compiled
 * modules: `broken.test.ts` says which of them have changed.
 */
export const OLD_FAULTS = {
  'host-clock': {
    says: 'the clock of a host decides what is due and what has expired',
    edits: [
      { module: 'worker/bullmq/engine-scripts', from: 'setTime(timeArg) + lua', to: 'lua' },
      {
        module: 'shared/redis/redis-clock',
        from: 'return this.#most !== Number.POSITIVE_INFINITY;',
        to: 'return false;',
      },
    ],
    seed: 4,
    kinds: ['skewed-clock'],
    convicted: { kind: 'phantom', says: /should complete and failed: JobExpired/ },
  },
  'all-are-charged': {
    says: 'a death is charged to every job that the process had, and none is tried',
    edits: [
      { module: 'worker/redis/stall-check-script', from: 'elseif worker then', to: 'elseif false then' },
      {
        module: 'worker/redis/stall-check-script',
        from: `if worker and finding ~= 'repeated' then`,
        to: 'if false then',
      },
    ],
    seed: 1,
    kinds: ['slow-poison'],
    convicted: { kind: 'crash counted', says: /\d+ jobs, as .*, count \d+ crashes together; 3 processes died/ },
  },
  'full-is-not-drained': {
    says: 'a full Redis refuses what would free it',
    edits: [{ module: 'shared/redis/define-scripts', from: `frees: '#!lua flags=allow-oom'`, to: `frees: ''` }],
    seed: 113,
    kinds: ['redis-full'],
    convicted: { kind: 'not drained', says: /jobs waited, as .*, though worker \d+ was idle/ },
  },
  'full-takes-jobs': {
    says: 'an insert that first removes a note passes a full Redis',
    edits: [
      { module: 'shared/redis/define-scripts', from: `adds: '#!lua'`, to: `adds: ''` },
      {
        module: 'producer/enqueue/add-script',
        from: READING_THE_META,
        to: `\ncall('ZREM', base .. 'cancelled', '')${READING_THE_META}`,
      },
    ],
    seed: 1,
    kinds: ['redis-full'],
    convicted: { kind: 'beyond its limit', says: /was taken at .*, though Redis was full/ },
  },
  'cancellation-is-forgotten': {
    says: 'a job that waits is left where it is, and its cancellation is noted for less time than it waits',
    edits: [
      {
        module: 'producer/manage/cancel-job-script',
        from: 'local part = takeOut()',
        to: `if not call('LPOS', activeKey, id) then
  call('SET', takenOff, '1', 'PX', 100)
  return 'cancelled'
end
local part = nil`,
      },
    ],
    seed: 1,
    kinds: ['cancel'],
    convicted: { kind: 'cancelled in vain', says: /was answered 'cancelled' at .*, and its handler started/ },
  },
  'deaf-to-signals': {
    says: 'a process whose event loop spins hears no signal',
    edits: [{ module: 'worker/cli/watchdog', from: 'signals: STOP_SIGNALS', to: 'signals: []' }],
    seed: 1,
    kinds: ['spin'],
    convicted: { kind: 'hung', says: /got SIGTERM at .*(ended \d+ ms later|it stood still)/ },
  },
  'stale-lease': {
    says: 'a fetch is known by its number alone',
    edits: [
      {
        module: 'shared/redis/layout',
        from: `return (worker or '') .. ' ' .. (fetches or 0) .. ' ' .. (at or 0)`,
        to: 'return tostring(fetches or 0)',
      },
      {
        module: 'worker/in-flight/fetched-job',
        from: `\`\${worker} \${fetches} \${fetchedAt}\``,
        to: `\`\${fetches}\``,
      },
    ],
    seed: 1,
    kinds: ['stale-lease'],
    convicted: { kind: 'phantom', says: /was completed with the result of an attempt at .*, which had its id before/ },
  },
  'silent-connection': {
    says: 'only the outage of the main connection is told',
    edits: [
      { module: 'worker/redis/side-connections', from: 'this.#outage.begin(this.#wrong, this.#fault);', to: ';' },
    ],
    seed: 1,
    kinds: ['cut-blocking'],
    convicted: { kind: 'outage not named', says: /could not wait for jobs from .*, and did not say so/ },
  },
  // Bullpen never had this one. It shows that batches are judged.
  'rows-count-twice': {
    says: 'a row whose end is recorded again is counted again',
    edits: [{ module: 'shared/redis/books-script', from: 'return was == 0', to: 'return true' }],
    seed: 55,
    kinds: ['batch', 'cut-in-reply', 'cut'],
    convicted: { kind: 'miscounted', says: /the batch has open -\d+, and not 0/ },
  },
} as const satisfies Readonly<Record<string, OldFault>>;

export type OldFaultName = keyof typeof OLD_FAULTS;

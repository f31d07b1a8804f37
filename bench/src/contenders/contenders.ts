import type { Contender } from '../task.js';
import type { Library } from './library.js';
import { WAYS } from './ways.js';

/**
 * A contender is named by its file and its way. Only that file is loaded, so that its memory
 * contains no other library.
 */
const FILES: Record<string, () => Promise<{ library?: Library; ways?: Readonly<Record<string, Contender>> }>> = {
  bullmq: () => import('./bullmq.js'),
  bullpen: () => import('./bullpen.js'),
  'bee-queue': () => import('./bee-queue.js'),
  bull: () => import('./bull.js'),
  groupmq: () => import('./groupmq.js'),
  'node-resque': () => import('./node-resque.js'),
  platformatic: () => import('./platformatic.js'),
  'start-up': () => import('./start-up.js'),
};

/** Finds a contender, for example `bullmq.oneByOne`. */
export async function findContender(name: string): Promise<Contender> {
  const [file = '', way = ''] = name.split('.');
  const { library, ways } = (await FILES[file]?.()) ?? {};
  const contender = ways?.[way] ?? (library === undefined ? undefined : WAYS[way]?.(library));
  if (contender === undefined) throw new Error(`there is no contender '${name}'`);
  return contender;
}

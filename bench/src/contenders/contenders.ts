import type { Contender } from '../task.js';

/**
 * A contender is named by its file and its name there. Only that file is loaded, so that its memory
 * contains no other library.
 */
const FILES: Record<string, () => Promise<{ contenders: Readonly<Record<string, Contender>> }>> = {
  bullmq: () => import('./bullmq.js'),
  bullpen: () => import('./bullpen.js'),
  'bee-queue': () => import('./bee-queue.js'),
  bull: () => import('./bull.js'),
};

/** Finds a contender, for example `bullmq.addBulk`. */
export async function findContender(name: string): Promise<Contender> {
  const [file = '', member = ''] = name.split('.');
  const contender = (await FILES[file]?.())?.contenders[member];
  if (contender === undefined) throw new Error(`there is no contender '${name}'`);
  return contender;
}

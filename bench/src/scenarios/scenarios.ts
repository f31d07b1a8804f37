import type { Scenario } from '../report/section.js';
import type { ScenarioName } from '../settings.js';
import { backlogScenario } from './backlog.js';
import { enqueueScenario } from './enqueue.js';
import { fileScenario } from './file.js';
import { memoryScenario } from './memory.js';
import { processScenario } from './process.js';
import { rssScenario } from './rss.js';

/** Every scenario, made for a scale. */
export const SCENARIOS: Record<ScenarioName, (scale: number) => Scenario> = {
  enqueue: enqueueScenario,
  file: fileScenario,
  process: processScenario,
  memory: memoryScenario,
  rss: rssScenario,
  backlog: backlogScenario,
};

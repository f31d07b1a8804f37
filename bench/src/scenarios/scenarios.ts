import type { Scenario } from '../report/section.js';
import type { ScenarioName } from '../settings.js';
import { enqueueScenario } from './enqueue.js';
import { growthScenario } from './growth.js';
import { idleScenario } from './idle.js';
import { latencyScenario } from './latency.js';
import { memoryScenario } from './memory.js';
import { processScenario } from './process.js';
import { rssScenario } from './rss.js';
import { startUpScenario } from './start-up.js';

/** Every scenario, made for a scale. */
export const SCENARIOS: Record<ScenarioName, (scale: number) => Scenario> = {
  enqueue: enqueueScenario,
  process: processScenario,
  latency: latencyScenario,
  idle: idleScenario,
  'start-up': startUpScenario,
  memory: memoryScenario,
  rss: rssScenario,
  growth: growthScenario,
};

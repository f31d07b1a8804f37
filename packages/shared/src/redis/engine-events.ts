import { EVENT_STEPS } from './events.js';
import { LAYOUT } from './layout.js';

/** Lua that takes the place of `XADD` in BullMQ's scripts, and what it needs. */
const ADD_EVENT = `
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.eventsOf}
-- The name of the event is the third argument behind the key, or the sixth behind a limit.
local function addEvent(events, ...)
  local steps, others = eventsOf(events, string.sub(events, 1, -#'events' - 1) .. 'meta')
  local name = select(select(1, ...) == '*' and 3 or 6, ...)
  local isStep = string.find('${EVENT_STEPS}', name, 1, true)
  if isStep and steps or not isStep and others then redis.call('XADD', events, ...) end
end
`;

const XADD = 'rcall("XADD", ';

/** A script of BullMQ, changed so that it tells no more events than its queue is to tell. */
export const obeyEvents = (lua: string): string =>
  lua.includes(XADD) ? `${ADD_EVENT}${lua.replaceAll(XADD, 'addEvent(')}` : lua;

import type { Scenario } from './scenario.ts';
import { alarms } from './scenarios/alarms.ts';
import { cli } from './scenarios/cli.ts';
import { dataApi } from './scenarios/data-api.ts';
import { deployment } from './scenarios/deployment.ts';
import { eventBridge } from './scenarios/event-bridge.ts';
import { events } from './scenarios/events.ts';
import { runs } from './scenarios/runs.ts';

/** In the order in which they explain each other; the alarm comes before what would make it ring. */
export const scenarios: readonly Scenario[] = [
  ...deployment,
  ...alarms,
  ...dataApi,
  ...eventBridge,
  ...runs,
  ...events,
  ...cli,
];

import type { Scenario } from './scenario.ts';
import { alarms } from './scenarios/alarms.ts';
import { cli } from './scenarios/cli.ts';
import { dataApi } from './scenarios/data-api.ts';
import { deployment } from './scenarios/deployment.ts';
import { eventBridge } from './scenarios/event-bridge.ts';
import { events } from './scenarios/events.ts';
import { runs } from './scenarios/runs.ts';

/** Ordered so that earlier scenarios explain later ones; the alarm comes before anything that triggers it. */
export const scenarios: readonly Scenario[] = [
  ...deployment,
  ...alarms,
  ...dataApi,
  ...eventBridge,
  ...runs,
  ...events,
  ...cli,
];

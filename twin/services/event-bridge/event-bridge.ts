import type { Operations } from '../../http/aws-protocols.ts';
import { describeEventBus } from './describe-event-bus.ts';
import { type EventBridgeOptions, putEvents } from './put-events.ts';

export function createEventBridge(options: EventBridgeOptions): Operations {
  return { PutEvents: putEvents(options), DescribeEventBus: describeEventBus(options.buses) };
}

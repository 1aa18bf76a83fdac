import type { Shape } from '../../http/check-request.ts';

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and the service model of the SDKs.
// Source, DetailType and Detail have no limits there: they are judged entry by entry.
const busArn = String.raw`(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?`;

export const putEventsRequest: Shape = {
  type: 'structure',
  name: 'PutEventsRequest',
  members: {
    Entries: {
      type: 'list',
      min: 1,
      max: 10,
      member: {
        type: 'structure',
        name: 'PutEventsRequestEntry',
        members: {
          Time: { type: 'timestamp' },
          Source: { type: 'string' },
          Resources: { type: 'list', member: { type: 'string', max: 2048 } },
          DetailType: { type: 'string' },
          Detail: { type: 'string' },
          EventBusName: {
            type: 'string',
            min: 1,
            max: 1600,
            pattern: String.raw`${busArn}[\.\-_A-Za-z0-9]+`,
          },
          TraceHeader: { type: 'string', min: 1, max: 500 },
        },
      },
    },
    EndpointId: { type: 'string', min: 1, max: 50, pattern: String.raw`^[A-Za-z0-9\-]+[\.][A-Za-z0-9\-]+$` },
  },
  required: ['Entries'],
};

export const describeEventBusRequest: Shape = {
  type: 'structure',
  name: 'DescribeEventBusRequest',
  members: {
    Name: { type: 'string', min: 1, max: 1600, pattern: String.raw`${busArn}[/\.\-_A-Za-z0-9]+` },
  },
};

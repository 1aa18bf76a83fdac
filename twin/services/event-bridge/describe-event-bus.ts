import { AwsError } from '../../http/aws-error.ts';
import type { Operation } from '../../http/aws-protocols.ts';
import { checkRequest, type Shape } from '../../http/check-request.ts';
import { busArnPattern, busName } from './bus-name.ts';

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEventBus.html
const describeEventBusRequest: Shape = {
  type: 'structure',
  name: 'DescribeEventBusRequest',
  members: {
    Name: { type: 'string', min: 1, max: 1600, pattern: String.raw`${busArnPattern}[/\.\-_A-Za-z0-9]+` },
  },
};

export function describeEventBus(buses: ReadonlyMap<string, string>): Operation {
  return async (request) => {
    checkRequest(describeEventBusRequest, request.fields);
    const name = busName(request.optionalText('Name') ?? 'default');
    const arn = buses.get(name);
    if (arn === undefined)
      throw new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
    return { Name: name, Arn: arn };
  };
}

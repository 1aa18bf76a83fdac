import { App, Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { OutboxConsumer } from 'outbox-processor';

const app = new App();
const stack = new Stack(app, 'app');
const handler = new lambda.Function(stack, 'Ratings', {
  runtime: lambda.Runtime.NODEJS_24_X,
  handler: 'consumer-handler.handler',
  code: lambda.Code.fromAsset('consumer'), // your bundle
  timeout: Duration.seconds(10),
});
new OutboxConsumer(stack, 'RatingsConsumer', {
  eventBus: events.EventBus.fromEventBusName(stack, 'Bus', 'outbox-events'),
  source: 'outbox',
  handler,
});
app.synth();

/** The region and the account that the twin pretends to be in. */
export const region = 'us-east-1';
export const account = '000000000000';

export const arnOf = (service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${account}:${resource}`;

/** AWS accepts a name wherever it accepts an ARN, and checks permissions on the ARN. */
export const fullArn = (service: string, type: string, nameOrArn: string): string =>
  nameOrArn.startsWith('arn:') ? nameOrArn : arnOf(service, `${type}${nameOrArn}`);

/** The pattern of a name, and the same in words. */
export interface Rule {
  readonly pattern: RegExp;
  readonly expected: string;
}

/** Short enough for the longest name with this prefix, and valid for a stack, a bus and a database role. */
export const nameRule: Rule = {
  pattern: /^[a-z][a-z0-9-]{0,30}$/,
  expected: 'expected 1 to 31 lower-case letters, digits and hyphens, a letter first',
};

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
export const eventBusNameRule: Rule = {
  pattern: /^(?!default$)(?!aws\.)[.\-_A-Za-z0-9]{1,256}$/,
  expected: 'expected 1 to 256 letters, digits and . - _, other than "default" and not beginning with "aws."',
};

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
export const eventSourceRule: Rule = {
  pattern: /^(?!aws\.)[\s\S]{1,256}$/,
  expected: 'expected 1 to 256 characters, not beginning with "aws.", which EventBridge reserves',
};

// A section is appended, such as #events-late, and the result must be a link in a mail.
export const runbookUrlRule: Rule = {
  pattern: /^https?:\/\/[^\s#]+$/,
  expected: 'expected an absolute url such as https://wiki.example/outbox, without a #',
};

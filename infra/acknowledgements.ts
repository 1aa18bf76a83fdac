import { Validations } from 'aws-cdk-lib';
import type { Finding } from './nag-findings.ts';

/** Acknowledges findings of cdk-nag 3, for our own stack. */
export function acknowledge(findings: readonly Finding[]): void {
  for (const { construct, rule, detail, reason } of findings) {
    const finding = detail === undefined ? rule : `${rule}[${detail}]`;
    Validations.of(construct).acknowledge({ id: `AwsSolutions::${finding}`, reason });
  }
}

import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import LiveRegion from '@cloudscape-design/components/live-region';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { ReactNode } from 'react';
import type { CountedAnswer } from '../../change-api.ts';
import { addressOf } from '../shell/address.ts';
import { plural } from '../shell/format.ts';
import { useCountedChange } from './use-counted-change.ts';

interface Props<Answer> {
  /** `Redrive` */
  readonly verb: string;
  /** Completes the sentence "Events that ...". */
  readonly what: string;
  readonly send: (dryRun: boolean) => Promise<Answer>;
  /** What a dry run found. */
  readonly counted: (answer: Answer) => ReactNode;
  /** Asked before the change, beside what was counted. */
  readonly form?: ReactNode;
  /** Whether the form can be sent. @default true */
  readonly complete?: boolean;
  readonly progress: (arn: string, answer: Answer) => ReactNode;
  readonly onClose: () => void;
}

/** Counts with a dry run, asks, starts a run of a state machine, and follows it to its end. */
export function CountedChangeModal<Answer extends CountedAnswer>({
  verb,
  what,
  send,
  counted,
  form,
  complete = true,
  progress,
  onClose,
}: Props<Answer>) {
  const { state, confirm } = useCountedChange(send);
  const asking = state.step === 'counted' || state.step === 'starting';
  const some = asking && state.answer.matching > 0;
  return (
    <Modal
      visible
      header={`${verb} events`}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {asking || state.step === 'counting' ? 'Cancel' : 'Close'}
            </Button>
            {some && (
              <Button
                variant="primary"
                loading={state.step === 'starting'}
                disabled={!complete}
                onClick={confirm}
              >
                {verb} {plural(state.answer.matching, 'event')}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div className="unbroken">Events that {what}.</div>
        <LiveRegion>
          {state.step === 'counting' && (
            <StatusIndicator type="loading">A dry run counts what matches</StatusIndicator>
          )}
          {asking && counted(state.answer)}
          {state.step === 'started' && progress(state.executionArn, state.answer)}
          {state.step === 'refused' && (
            <Alert type="error" header={state.problem.message} statusIconAriaLabel="Error">
              {state.problem.remedy ?? 'Nothing was changed.'}
            </Alert>
          )}
        </LiveRegion>
        {some && form}
        {state.step === 'started' && (
          <Link href={addressOf(['runs', state.executionArn])}>The run of this {verb.toLowerCase()}</Link>
        )}
      </SpaceBetween>
    </Modal>
  );
}

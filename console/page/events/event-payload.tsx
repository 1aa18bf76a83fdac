import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { useState } from 'react';
import type { EventStory, Problem } from '../../api.ts';
import { bytes, prettyJson } from '../shell/format.ts';
import { problemOf } from '../shell/problem-of.ts';
import { read } from '../shell/server.ts';
import { TextBlock } from '../shell/text-block.tsx';

interface Props {
  readonly id: string;
  readonly detailBytes: number;
}

/** The payload may hold personal data: it leaves the database only when somebody asks for it. */
export function EventPayload({ id, detailBytes }: Props) {
  const [payload, setPayload] = useState<string>();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const show = () => {
    setAsking(true);
    setProblem(undefined);
    read<EventStory>(`events/${encodeURIComponent(id)}?payload=true`)
      .then(
        (event) => setPayload(event.payload ?? ''),
        (error: unknown) => setProblem(problemOf(error)),
      )
      .finally(() => setAsking(false));
  };
  const action =
    payload === undefined ? (
      <Button loading={asking} onClick={show}>
        Show payload
      </Button>
    ) : (
      <Button onClick={() => setPayload(undefined)}>Hide payload</Button>
    );
  return (
    <Container
      header={
        <Header variant="h2" description={`The detail has ${bytes(detailBytes)}`} actions={action}>
          Payload
        </Header>
      }
    >
      {problem !== undefined && (
        <Alert type="error" header={problem.message} statusIconAriaLabel="Error">
          {problem.remedy}
        </Alert>
      )}
      {payload === undefined ? (
        'Hidden until somebody asks for it, because it may hold personal data.'
      ) : (
        <TextBlock label="Payload" text={prettyJson(payload)} />
      )}
    </Container>
  );
}

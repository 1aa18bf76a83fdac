import type { ButtonProps } from '@cloudscape-design/components/button';
import { ChangeButton } from '../shell/change-button.tsx';
import { useSession } from '../shell/session.ts';

interface Props extends ButtonProps {
  readonly impossible?: string | undefined;
}

/** Leads to a replay. A stack of an earlier release has no state machine for it. */
export function ReplayButton({ impossible, ...button }: Props) {
  const { machines } = useSession();
  const isDeployed = machines.some(({ role }) => role === 'replay');
  return (
    <ChangeButton
      {...button}
      impossible={isDeployed ? impossible : 'This outbox has no replay yet: deploy the current version.'}
    />
  );
}

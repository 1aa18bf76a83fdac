import Button, { type ButtonProps } from '@cloudscape-design/components/button';
import { useSession } from './session.ts';

interface Props extends ButtonProps {
  /** Why there is nothing to change now. */
  readonly impossible?: string | undefined;
}

/** A button that leads to a change. Disabled, with the reason, where changes are refused or impossible. */
export function ChangeButton({ impossible, ...button }: Props) {
  const { readOnly } = useSession();
  const reason = readOnly ? 'This console was started with --read-only.' : impossible;
  return (
    <Button
      {...button}
      disabled={reason !== undefined}
      {...(reason !== undefined && { disabledReason: reason })}
    />
  );
}

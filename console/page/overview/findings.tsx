import Alert from '@cloudscape-design/components/alert';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { Finding } from '../../api.ts';

/** What is wrong, in words, the worst first. */
export function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  if (findings.length === 0)
    return <StatusIndicator>All is well: nothing is late, and nothing has failed.</StatusIndicator>;
  return (
    <SpaceBetween size="s">
      {findings.map(({ severity, message, remedy }) => (
        <Alert key={message} type={severity} header={sentence(message)} statusIconAriaLabel={severity}>
          {remedy !== undefined && sentence(remedy)}
        </Alert>
      ))}
    </SpaceBetween>
  );
}

const sentence = (text: string) =>
  text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');

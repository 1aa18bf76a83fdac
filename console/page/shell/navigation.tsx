import Box from '@cloudscape-design/components/box';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import type { Session } from '../../api.ts';

interface Props {
  readonly section: string;
  readonly session: Session | undefined;
}

export function Navigation({ section, session }: Props) {
  return (
    <>
      <SideNavigation
        activeHref={section}
        items={[
          { type: 'link', text: 'Overview', href: '#/' },
          { type: 'link', text: 'Runs', href: '#/runs' },
          { type: 'link', text: 'Events', href: '#/events' },
        ]}
      />
      {session !== undefined && (
        <Box padding={{ horizontal: 'xl', vertical: 'm' }} color="text-body-secondary" fontSize="body-s">
          <div className="unbroken">{session.place}</div>
          <div>version {session.version}</div>
          {session.readOnly && <div>read-only</div>}
        </Box>
      )}
    </>
  );
}

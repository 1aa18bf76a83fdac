import AppLayout from '@cloudscape-design/components/app-layout';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import Spinner from '@cloudscape-design/components/spinner';
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import type { Session } from '../../api.ts';
import { type Address, addressOf, useAddress } from './address.ts';
import { Navigation } from './navigation.tsx';
import { ProblemAlert } from './problem-alert.tsx';
import { read } from './server.ts';
import { SessionContext } from './session.ts';
import { TopBar } from './top-bar.tsx';
import { usePolled } from './use-polled.ts';

const Overview = lazy(() => import('../overview/overview-page.tsx'));
const Runs = lazy(() => import('../runs/runs-page.tsx'));
const Run = lazy(() => import('../runs/run-page.tsx'));
const Events = lazy(() => import('../events/events-page.tsx'));
const Event = lazy(() => import('../events/event-page.tsx'));

interface Place {
  readonly title: string;
  readonly section: string;
  readonly crumbs: readonly { text: string; href: string }[];
  readonly view: ReactNode;
}

export function App() {
  const address = useAddress();
  const { data: session, problem } = usePolled<Session>(
    'session',
    (signal) => read('session', signal),
    () => undefined,
  );
  const [navigationOpen, setNavigationOpen] = useState(() => matchMedia('(min-width: 1200px)').matches);
  const place = placeOf(address);
  useEffect(() => {
    document.title = `${place.title} · Outbox`;
  }, [place.title]);
  return (
    <>
      <TopBar session={session} />
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigationOpen={navigationOpen}
        onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
        navigationWidth={220}
        navigation={<Navigation section={place.section} session={session} />}
        breadcrumbs={<BreadcrumbGroup items={[...place.crumbs]} />}
        content={
          session === undefined ? (
            <Opening>{problem !== undefined && <ProblemAlert problem={problem} />}</Opening>
          ) : (
            <SessionContext value={session}>
              <Suspense fallback={<Opening />}>{place.view}</Suspense>
            </SessionContext>
          )
        }
      />
    </>
  );
}

function Opening({ children }: { readonly children?: ReactNode }) {
  return children || <Spinner size="large" />;
}

function placeOf({ path, query }: Address): Place {
  const [section, id] = path;
  const overview = { text: 'Outbox', href: '#/' };
  const runs = { text: 'Runs', href: '#/runs' };
  const events = { text: 'Events', href: '#/events' };
  if (section === 'runs') {
    if (id === undefined)
      return { title: 'Runs', section: '#/runs', crumbs: [overview, runs], view: <Runs query={query} /> };
    const crumb = { text: id.slice(id.lastIndexOf(':') + 1).slice(0, 8), href: addressOf(path) };
    const crumbs = [overview, runs, crumb];
    return { title: 'Run', section: '#/runs', crumbs, view: <Run key={id} arn={id} query={query} /> };
  }
  if (section === 'events') {
    if (id === undefined)
      return {
        title: 'Events',
        section: '#/events',
        crumbs: [overview, events],
        view: <Events query={query} />,
      };
    const crumbs = [overview, events, { text: id.slice(0, 8), href: addressOf(path) }];
    return { title: 'Event', section: '#/events', crumbs, view: <Event key={id} id={id} /> };
  }
  return {
    title: 'Overview',
    section: '#/',
    crumbs: [overview, { text: 'Overview', href: '#/' }],
    view: <Overview />,
  };
}

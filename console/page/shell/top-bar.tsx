import TopNavigation from '@cloudscape-design/components/top-navigation';
import { useState } from 'react';
import type { Session } from '../../api.ts';
import { chooseTheme, type Theme, theme, themes } from './theme.ts';

const labels: Readonly<Record<Theme, string>> = { system: 'As the system', light: 'Light', dark: 'Dark' };

/** Says where one is: an outbox in production must not look like the one on the laptop. */
export function TopBar({ session }: { readonly session: Session | undefined }) {
  const [chosen, setChosen] = useState(theme);
  return (
    <div id="top">
      <TopNavigation
        identity={{ href: '#/', title: session === undefined ? 'Outbox' : `Outbox: ${session.place}` }}
        utilities={[
          {
            type: 'menu-dropdown',
            iconName: 'settings',
            ariaLabel: 'Theme',
            title: 'Theme',
            items: themes.map((id) => ({
              id,
              text: labels[id],
              itemType: 'checkbox',
              checked: id === chosen,
            })),
            onItemClick: ({ detail }) => {
              const next = themes.find((known) => known === detail.id) ?? 'system';
              chooseTheme(next);
              setChosen(next);
            },
          },
        ]}
      />
    </div>
  );
}

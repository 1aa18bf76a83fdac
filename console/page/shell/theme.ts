import { applyMode, Mode } from '@cloudscape-design/global-styles';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const KEPT = 'outbox-console-theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
prefersDark.addEventListener('change', applyTheme);

export function theme(): Theme {
  return themes.find((known) => known === localStorage.getItem(KEPT)) ?? 'system';
}

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(KEPT, chosen);
  applyTheme();
}

export function applyTheme(): void {
  const dark = theme() === 'system' ? prefersDark.matches : theme() === 'dark';
  applyMode(dark ? Mode.Dark : Mode.Light);
  // Scroll bars and form controls of the browser follow this one.
  document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
}

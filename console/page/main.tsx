import '@cloudscape-design/global-styles/index.css';
import './page.css';
import { I18nProvider } from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en';
import { createRoot } from 'react-dom/client';
import { App } from './shell/app.tsx';
import { keepToken } from './shell/server.ts';
import { applyTheme } from './shell/theme.ts';

keepToken();
applyTheme();
const root = document.getElementById('page');
if (root === null) throw new Error('index.html has no element "page"');
createRoot(root).render(
  <I18nProvider locale="en" messages={[messages]}>
    <App />
  </I18nProvider>,
);

import { createContext, useContext } from 'react';
import type { Session } from '../../api.ts';

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('a view is drawn before the session is known');
  return session;
}

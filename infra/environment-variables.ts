import type { CheckedSettings } from './check-settings.ts';

/** Settings as the environment of a function: `leaseSeconds` becomes LEASE_SECONDS. */
export function environmentVariables(values: Partial<CheckedSettings>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
      String(value),
    ]),
  );
}

// What Telegram hands over at the start, in the fragment of the address: the login, and what its
// client is. Kept for reloads in sessionStorage and nowhere else; the address is cleaned at once.

import { readData } from './transport.ts';

export interface Launch {
  /** Telegram's signed init data, as it came; empty outside Telegram. */
  login: string;
  /** Version of the client's Mini App interface, such as `8.0`. */
  version: string;
  platform: string;
  theme: Record<string, unknown>;
}

const KEPT = 'launch';

/** The launch parameters of a fragment; null where there are none. */
export function parseLaunch(fragment: string): Launch | null {
  const given = new URLSearchParams(fragment.replace(/^#[^?]*\?|^#/, ''));
  const login = given.get('tgWebAppData');
  if (!login) return null;
  return {
    login,
    version: given.get('tgWebAppVersion') ?? '6.0',
    platform: given.get('tgWebAppPlatform') ?? 'unknown',
    theme: readData(given.get('tgWebAppThemeParams')),
  };
}

/** The language that the user reads, as the init data tell. */
export function languageOf(login: string): string | undefined {
  const { language_code: code } = readData(new URLSearchParams(login).get('user'));
  return typeof code === 'string' ? code : undefined;
}

/** Whether a client's version is at least another: 10.0 is above 9.2. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** Takes the launch parameters out of the address, or those of before a reload. */
export function takeLaunch(): Launch | null {
  const launch = parseLaunch(location.hash);
  try {
    if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
    if (launch) sessionStorage.setItem(KEPT, JSON.stringify(launch));
    const kept = launch ? null : (readData(sessionStorage.getItem(KEPT)) as unknown as Launch);
    return launch ?? (kept && typeof kept.login === 'string' ? kept : null);
  } catch {
    // Storage may be closed to an embedded page; a reload then needs Telegram to open it anew.
    return launch;
  }
}

// Which screen is shown. Each is an entry of the browser's history under one and the same address,
// so both back buttons go up one screen and nothing about a key is ever in an address.

import { useEffect, useState } from 'preact/hooks';
import type { ProviderCode } from '../api/types.ts';

export type Screen =
  | { name: 'settings' }
  | { name: 'add'; provider?: ProviderCode; label?: string | null }
  | { name: 'key'; id: string }
  | { name: 'history' };

interface Entry {
  screen: Screen;
  depth: number;
}

const START: Entry = { screen: { name: 'settings' }, depth: 0 };

function entry(): Entry {
  const kept = history.state as Partial<Entry> | null;
  return kept?.screen?.name && typeof kept.depth === 'number' ? (kept as Entry) : START;
}

const listeners = new Set<() => void>();
/** How far the screens below were scrolled. */
const scrolled: number[] = [];
/** What had the focus there. */
const focused: (Element | null)[] = [];

const tell = () => {
  for (const listener of listeners) listener();
};

addEventListener('popstate', tell);

export function open(screen: Screen): void {
  const { depth } = entry();
  scrolled[depth] = window.scrollY;
  focused[depth] = document.activeElement;
  history.pushState({ screen, depth: depth + 1 } satisfies Entry, '');
  scrolled[depth + 1] = 0;
  tell();
}

export function back(): void {
  if (entry().depth > 0) history.back();
}

/** Brings a screen back as it was left. */
export function restore(): void {
  const { depth } = entry();
  window.scrollTo(0, scrolled[depth] ?? 0);
  const before = focused[depth];
  if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
}

export function useScreen(): Entry {
  const [shown, show] = useState(entry);
  useEffect(() => {
    const listener = () => show(entry());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return shown;
}

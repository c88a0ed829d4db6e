// Keeps the store like the server: the first answer, the live stream after it, further pages of keys,
// and a look when the app comes back to the front. Events are put in a few at a time.

import { on } from '../bridge/index.ts';
import { Stream } from '../api/live.ts';
import { SETTINGS, TOTALS, type AccountEvent, type Viewer } from '../api/operations.ts';
import { Fault, request, signIn } from '../api/request.ts';
import { withAccount, withEvents, withMoreKeys } from './reducer.ts';
import { change, current, set } from './store.ts';

/** Keys of a page. The server charges a page by its size, so the first one is what a screen shows. */
const FIRST_KEYS = 25;
const MORE_KEYS = 50;
/** Events that come together are drawn together. */
const GATHER_MS = 60;
/** A gap in the stream that is not worth a word. */
const GAP_MS = 3_000;
/** Earned credits are read again this long after a movement; they are in no event. */
const TOTALS_MS = 1_500;
/** In the background for longer than this, figures that no event tells may have moved. */
const AWAY_MS = 30_000;

let seen = 0;
let stream: Stream | undefined;

/** After a fault of the login the screens say so, and nothing is tried any more. */
const hurry = () => current().login === 'good' && stream?.hurry();

export function startAccount(login: string): void {
  signIn(login, loginFault);
  void load();
  let hiddenAt = 0;
  const shown = (isShown: boolean) => {
    if (!isShown) hiddenAt = Date.now();
    else {
      hurry();
      if (hiddenAt && Date.now() - hiddenAt > AWAY_MS) void refresh();
      hiddenAt = 0;
    }
  };
  document.addEventListener('visibilitychange', () => shown(!document.hidden));
  on('visibility_changed', ({ is_visible: isVisible }) => shown(isVisible === true));
  window.addEventListener('online', () => (noteLink(isUp), hurry()));
  window.addEventListener('offline', () => noteLink(isUp));
}

function loginFault(code: string): void {
  set({ login: code === 'LOGIN_EXPIRED' ? 'expired' : 'refused' });
}

/** The first answer, and the stream from there. */
export async function load(): Promise<void> {
  set({ phase: 'loading', fault: null });
  try {
    const viewer = await read();
    change((state) => withAccount(state, viewer, { totals: true }));
    stream ??= new Stream(viewer.eventCursor, { event, link, loginFault });
  } catch (error) {
    set({ phase: 'failed', fault: error as Fault });
  }
}

async function read(after: string | null = null): Promise<Viewer> {
  const { viewer } = await request(SETTINGS, { first: after ? MORE_KEYS : FIRST_KEYS, after });
  if (!viewer) throw new Fault('UNAUTHENTICATED');
  return viewer;
}

/** Keys that the stream brought since it said that events were missed. */
let since: Set<string> | undefined;

/** Reads the first page again. */
async function refresh(): Promise<void> {
  const before = seen;
  const only = since;
  try {
    const viewer = await read();
    // Totals of this answer may be older than an event that came while it was under way.
    change((state) => withAccount(state, viewer, { totals: Boolean(only) || seen === before, only }));
    if (only === since) since = undefined;
  } catch {
    // What is shown stands; the stream says when the server can't be reached.
    if (only) setTimeout(() => void refresh(), 5_000);
  }
}

let isPaging = false;

/** The next page of keys; a fault tells the caller to wait or ask again. */
export async function moreKeys(): Promise<void> {
  const after = current().nextKeys;
  if (!after || isPaging) return;
  isPaging = true;
  try {
    const viewer = await read(after);
    change((state) => (state.nextKeys === after ? withMoreKeys(state, viewer) : state));
  } finally {
    isPaging = false;
  }
}

let gathered: AccountEvent[] = [];

function event(event: AccountEvent): void {
  seen += 1;
  if (event.__typename === 'AccountSnapshot') {
    // The stream goes on from here; the answer below is newer than this place.
    since = new Set();
    void refresh();
    return;
  }
  if (event.__typename === 'KeyChanged') since?.add(event.key.id);
  if (gathered.push(event) === 1) setTimeout(settle, GATHER_MS);
  if (event.__typename === 'TransactionPosted') totalsLater();
}

function settle(): void {
  const events = gathered;
  gathered = [];
  change((state) => withEvents(state, events));
}

let totalsTimer: ReturnType<typeof setTimeout> | undefined;

function totalsLater(): void {
  totalsTimer ??= setTimeout(async () => {
    totalsTimer = undefined;
    if (document.hidden) return;
    const before = seen;
    try {
      const { viewer } = await request(TOTALS, {});
      if (!viewer) return;
      set(seen === before ? viewer : { credited: viewer.credited, frozen: viewer.frozen });
    } catch {
      // The next movement asks again.
    }
  }, TOTALS_MS);
}

let isUp = false;
let gapTimer: ReturnType<typeof setTimeout> | undefined;

function link(up: boolean): void {
  isUp = up;
  noteLink(up);
}

/** Says how the connection is; each try that fails belongs to the same gap. */
function noteLink(up: boolean): void {
  const isOnline = navigator.onLine;
  if (up || !isOnline) {
    clearTimeout(gapTimer);
    gapTimer = undefined;
    set({ link: isOnline ? 'fine' : 'offline' });
  } else {
    gapTimer ??= setTimeout(() => set({ link: navigator.onLine ? 'reconnecting' : 'offline' }), GAP_MS);
  }
}

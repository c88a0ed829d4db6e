// The frame: which screen, what to say about the connection and the login, and the way back.

import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { closeApp, hasBackButton, on, setBackButton } from './bridge/index.ts';
import { Settings } from './screens/settings.tsx';
import { back, restore, useScreen, type Screen } from './state/screen.ts';
import { useStore } from './state/store.ts';
import { t } from './strings.ts';
import { Failed, Icon, Notice } from './ui/parts.tsx';
import { MainButton, Words } from './ui/telegram.tsx';

let Screens: typeof import('./screens/below.tsx').Below | undefined;

/** Fetches the screens below Settings; done early, so that nobody waits for them. */
export async function fetchBelow(): Promise<void> {
  Screens ??= (await import('./screens/below.tsx')).Below;
}

function Below({ screen }: { screen: Screen }) {
  const [isHere, setHere] = useState(Boolean(Screens));
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    if (!isHere) fetchBelow().then(() => setHere(true), () => setFailed(true));
  }, []);
  if (isHere && Screens) return <Screens screen={screen} />;
  if (!hasFailed) return <span class="spinner far" role="status" aria-label={t.loading} />;
  // A browser remembers that a module did not come, and asks for it again in a new page alone. The login and the
  // screen outlive it.
  return <Failed text={t.failures.OFFLINE} retry={() => location.reload()} />;
}

function Connection() {
  const link = useStore((state) => state.link);
  return (
    <div class="connection" role="status">
      {link !== 'fine' && (
        <span class="pill">
          <span class="spinner" />
          {link === 'offline' ? t.offline : t.reconnecting}
        </span>
      )}
    </div>
  );
}

export function App() {
  const { screen, depth } = useScreen();
  const login = useStore((state) => state.login);
  const isSignedIn = login === 'good';
  const isBelow = isSignedIn && depth > 0;
  useEffect(() => on('back_button_pressed', back), []);
  useEffect(() => setBackButton(isBelow), [isBelow]);
  useLayoutEffect(restore, [screen]);
  if (!isSignedIn) {
    const isExpired = login === 'expired';
    return (
      <main>
        <Notice
          icon="lock"
          title={isExpired ? t.expiredTitle : t.refusedTitle}
          text={isExpired ? t.expiredText : t.refusedText}
        />
        <MainButton text={t.close} onPress={closeApp} />
      </main>
    );
  }
  return (
    <>
      <Connection />
      {isBelow && !hasBackButton() && (
        <button type="button" class="plain back" onClick={back}>
          <Icon name="back" />
          {t.back}
        </button>
      )}
      <main data-screen={screen.name}>
        {/* Settings stays drawn below the others, so that the way back is instant. */}
        <div class={screen.name === 'settings' ? '' : 'asleep'}>
          <Settings />
        </div>
        {screen.name !== 'settings' && <Below screen={screen} />}
      </main>
      <Words key={depth} />
    </>
  );
}

export function Outside() {
  return (
    <main>
      <Notice icon="lock" title={t.outsideTitle} text={t.outsideText}>
        <a class="fill" href="tg://">
          {t.openTelegram}
        </a>
      </Notice>
    </main>
  );
}

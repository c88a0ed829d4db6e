// The frame: which screen, what to say about the connection and the login, and the way back.

import { useEffect, useLayoutEffect } from 'preact/hooks';
import { closeApp, hasBackButton, on, setBackButton } from './bridge/index.ts';
import { Add } from './screens/add.tsx';
import { History } from './screens/history.tsx';
import { Key } from './screens/key.tsx';
import { Settings } from './screens/settings.tsx';
import { back, restore, useScreen, type Screen } from './state/screen.ts';
import { useStore } from './state/store.ts';
import { t } from './strings.ts';
import { Questions } from './ui/dialog.tsx';
import { Icon, Notice } from './ui/parts.tsx';
import { MainButton, Words } from './ui/telegram.tsx';

/** A screen below Settings, which is drawn all the time. */
function Below({ screen }: { screen: Screen }) {
  if (screen.name === 'add') return <Add provider={screen.provider} label={screen.label} />;
  if (screen.name === 'key') return <Key key={screen.id} id={screen.id} />;
  return screen.name === 'history' ? <History /> : null;
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
        <Below screen={screen} />
      </main>
      <Questions />
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

// The screens below Settings, in a file of their own: the first screen does not wait for them.

import type { Screen } from '../state/screen.ts';
import { Questions } from '../ui/dialog.tsx';
import { Add } from './add.tsx';
import { History } from './history.tsx';
import { Key } from './key.tsx';

export function Below({ screen }: { screen: Screen }) {
  return (
    <>
      <Shown screen={screen} />
      <Questions />
    </>
  );
}

function Shown({ screen }: { screen: Screen }) {
  if (screen.name === 'add') return <Add provider={screen.provider} label={screen.label} />;
  if (screen.name === 'key') return <Key key={screen.id} id={screen.id} />;
  return screen.name === 'history' ? <History /> : null;
}

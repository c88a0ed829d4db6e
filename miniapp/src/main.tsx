// The start: take the launch parameters, paint, ask, draw.

import { render } from 'preact';
import { App, Outside } from './app.tsx';
import { ready, startBridge } from './bridge/index.ts';
import { languageOf } from './bridge/launch.ts';
import { startAccount } from './state/account.ts';
import { speak, t } from './strings.ts';
import { moment, now } from './time.ts';

const launch = startBridge();
if (launch) startAccount(launch.login);
// No await up here: the words' own file takes parts of this one, which has to be done by then.
// Where it does not come, the page is as good as not loaded.
void speak(launch ? languageOf(launch.login) : navigator.language).then(() => {
  document.documentElement.lang = t.language;
  history.scrollRestoration = 'manual';
  render(launch ? <App /> : <Outside />, document.getElementById('app')!);
  ready();
  // The first date written makes its formatter, which takes longer than the screen that waits for it.
  setTimeout(() => moment(new Date(now()).toISOString()), 500);
}, () => setTimeout(() => location.reload(), 3000));

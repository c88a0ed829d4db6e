// The start: take the launch parameters, paint, ask, draw.

import { render } from 'preact';
import { App, Outside } from './app.tsx';
import { ready, startBridge } from './bridge/index.ts';
import { languageOf } from './bridge/launch.ts';
import { startAccount } from './state/account.ts';
import { speak } from './strings.ts';

const launch = startBridge();
const { language } = speak(launch ? languageOf(launch.login) : navigator.language);
document.documentElement.lang = language;
history.scrollRestoration = 'manual';
if (launch) startAccount(launch.login);
render(launch ? <App /> : <Outside />, document.getElementById('app')!);
ready();

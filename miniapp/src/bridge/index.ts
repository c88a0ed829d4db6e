// The Telegram client, as the screens see it: theme and sizes that follow it, its buttons, its popup,
// its haptics. What an old client or a plain browser lacks has a counterpart in the page.

import { isAtLeast, takeLaunch, type Launch } from './launch.ts';
import { paint, type ThemeColours } from './theme.ts';
import { hasClient, listen, on, post } from './transport.ts';

export { on } from './transport.ts';

let launch: Launch | null = null;
let colours: ThemeColours = {};

/** Whether the client has what came with a version. */
const has = (version: string) => launch !== null && hasClient() && isAtLeast(launch.version, version);

export const hasMainButton = () => has('6.0');
export const hasBackButton = () => has('6.1');

function followTheme(theme: Record<string, unknown>): void {
  colours = paint(theme);
  if (has('6.1')) {
    post('web_app_set_header_color', { color_key: 'secondary_bg_color' });
    post('web_app_set_background_color', { color: colours.page });
  }
  if (has('7.10')) post('web_app_set_bottom_bar_color', { color: colours.page });
  if (mainButton) setMainButton(mainButton);
}

/** Lengths that a client tells, as style variables; anything but a number is left out. */
function follow(event: string, names: Record<string, string>): void {
  on(event, (data) => {
    for (const [field, name] of Object.entries(names)) {
      const length = data[field];
      if (typeof length === 'number' && length >= 0) {
        document.documentElement.style.setProperty(name, `${length}px`);
      }
    }
  });
}

/** Takes the launch parameters, paints, and follows the client from here on. */
export function startBridge(): Launch | null {
  listen();
  launch = takeLaunch();
  let theme = launch?.theme ?? {};
  followTheme(theme);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => followTheme(theme));
  on('theme_changed', (data) => {
    theme = (data.theme_params ?? {}) as Record<string, unknown>;
    followTheme(theme);
  });
  follow('viewport_changed', { height: '--viewport' });
  follow('safe_area_changed', { top: '--safe-top', bottom: '--safe-bottom', left: '--safe-left', right: '--safe-right' });
  follow('content_safe_area_changed', { top: '--content-top', bottom: '--content-bottom' });
  on('reload_iframe', () => location.reload());
  post('iframe_ready', { reload_supported: true });
  post('web_app_request_viewport');
  if (has('8.0')) {
    post('web_app_request_safe_area');
    post('web_app_request_content_safe_area');
  }
  return launch;
}

/** Tells the client that there is something to see. */
export function ready(): void {
  post('web_app_ready');
  post('web_app_expand');
}

export interface MainButton {
  text: string;
  isActive: boolean;
  isBusy: boolean;
}

let mainButton: MainButton | null = null;

/** Shows the client's big button, or hides it. */
export function setMainButton(wanted: MainButton | null): void {
  mainButton = wanted;
  if (!hasMainButton()) return;
  post(
    'web_app_setup_main_button',
    wanted
      ? {
          is_visible: true,
          is_active: wanted.isActive && !wanted.isBusy,
          is_progress_visible: wanted.isBusy,
          text: wanted.text,
          color: wanted.isActive ? colours.button : colours['grey-soft'],
          text_color: wanted.isActive ? colours['button-text'] : colours.hint,
        }
      : { is_visible: false },
  );
}

export function setBackButton(isVisible: boolean): void {
  if (hasBackButton()) post('web_app_setup_back_button', { is_visible: isVisible });
}

/** A touch for a deed or its result, never for what happens by itself. */
export function haptic(kind: 'tap' | 'select' | 'success' | 'warning' | 'error'): void {
  if (!has('6.1')) return;
  if (kind === 'select') post('web_app_trigger_haptic_feedback', { type: 'selection_change' });
  else if (kind === 'tap') post('web_app_trigger_haptic_feedback', { type: 'impact', impact_style: 'light' });
  else post('web_app_trigger_haptic_feedback', { type: 'notification', notification_type: kind });
}

export interface Question {
  title: string;
  message: string;
  ok: string;
  cancel: string;
}

/** Asks by the client's own popup; null where it has none. */
export function popup(question: Question): Promise<boolean> | null {
  if (!has('6.2')) return null;
  return new Promise((resolve) => {
    const stop = on('popup_closed', (data) => {
      stop();
      resolve(data.button_id === 'ok');
    });
    post('web_app_open_popup', {
      title: question.title.slice(0, 64),
      message: question.message.slice(0, 256),
      buttons: [
        { id: 'ok', type: 'destructive', text: question.ok },
        { id: 'cancel', type: 'cancel', text: question.cancel },
      ],
    });
  });
}

export const closeApp = () => post('web_app_close');

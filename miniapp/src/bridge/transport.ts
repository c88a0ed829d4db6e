// Events between the page and the Telegram client around it, both ways. A phone's or desktop's web
// view offers an object; the web client is the page that embeds this one, and only its origin is heard.

const WEB_CLIENT = 'https://web.telegram.org';

type Data = Record<string, unknown>;
type Handler = (data: Data) => void;

interface Hosted extends Window {
  TelegramWebviewProxy?: { postEvent(type: string, data: string): void };
  Telegram?: { WebView?: { receiveEvent?: unknown } };
  TelegramGameProxy?: unknown;
  TelegramGameProxy_receiveEvent?: unknown;
  external: External & { notify?: (message: string) => void };
}

const handlers = new Map<string, Set<Handler>>();

const host = () => window as unknown as Hosted;

function notifies(): boolean {
  try {
    return typeof host().external?.notify === 'function';
  } catch {
    return false;
  }
}

const isFramed = () => window.parent !== window;

/** Whether there is a Telegram client to talk to. */
export const hasClient = () => Boolean(host().TelegramWebviewProxy) || notifies() || isFramed();

/** Tells the client something. */
export function post(type: string, data: Data = {}): void {
  const page = host();
  const message = JSON.stringify({ eventType: type, eventData: data });
  if (page.TelegramWebviewProxy) page.TelegramWebviewProxy.postEvent(type, JSON.stringify(data));
  else if (notifies()) page.external.notify!(message);
  else if (isFramed()) window.parent.postMessage(message, WEB_CLIENT);
}

/** Listens to the client; the answer stops it. */
export function on(type: string, handler: Handler): () => void {
  const set = handlers.get(type) ?? new Set();
  handlers.set(type, set.add(handler));
  return () => set.delete(handler);
}

/** What the client said, read: an object, or nothing. */
export function readData(data: unknown): Data {
  if (typeof data === 'string') {
    try {
      return readData(JSON.parse(data));
    } catch {
      return {};
    }
  }
  return data && typeof data === 'object' && !Array.isArray(data) ? (data as Data) : {};
}

function receive(type: unknown, data: unknown): void {
  if (typeof type !== 'string') return;
  for (const handler of handlers.get(type) ?? []) handler(readData(data));
}

/** Opens the ways in: the three names that clients call, and messages of the embedding page. */
export function listen(): void {
  const page = host();
  page.Telegram = { ...page.Telegram, WebView: { ...page.Telegram?.WebView, receiveEvent: receive } };
  page.TelegramGameProxy = { receiveEvent: receive };
  page.TelegramGameProxy_receiveEvent = receive;
  window.addEventListener('message', (event) => {
    if (event.source !== window.parent || !isFramed() || event.origin !== WEB_CLIENT) return;
    const said = readData(event.data);
    receive(said.eventType, said.eventData);
  });
}

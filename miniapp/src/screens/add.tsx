// Add a key: provider, key, label; then the provider's verdict. The key is in the field and in the
// request, and nowhere else: the field is emptied as soon as the request is on its way.

import { useEffect, useRef, useState } from 'preact/hooks';
import { PROVIDERS, SUBMIT_KEY, type KeyRow, type Provider } from '../api/operations.ts';
import { request } from '../api/request.ts';
import type { ProviderCode } from '../api/types.ts';
import { haptic } from '../bridge/index.ts';
import { money } from '../money.ts';
import { withKeys } from '../state/reducer.ts';
import { back } from '../state/screen.ts';
import { change, useStore } from '../state/store.ts';
import { t } from '../strings.ts';
import { moment } from '../time.ts';
import { Failed, Heading, keyName, Notice, providerName, Tile } from '../ui/parts.tsx';
import { problemText } from '../ui/problem.ts';
import { faultText, MainButton, say } from '../ui/telegram.tsx';

const LABEL_MAX = 64;

/** The catalogue; it changes so rarely that one answer serves while the app is open. */
let catalogue: Provider[] | null = null;

function useProviders(): { providers: Provider[] | null; fault: unknown; again: () => void } {
  const [providers, setProviders] = useState(catalogue);
  const [fault, setFault] = useState<unknown>(null);
  const again = () => {
    setFault(null);
    request(PROVIDERS, {}).then((answer) => setProviders((catalogue = answer.providers ?? [])), setFault);
  };
  useEffect(again, []);
  return { providers, fault, again };
}

function matches(provider: Provider, key: string): boolean {
  try {
    return new RegExp(provider.keyPattern).test(key.trim());
  } catch {
    // A pattern that this browser can't read is left to the server.
    return true;
  }
}

interface PickerProps {
  providers: Provider[];
  chosen: ProviderCode | undefined;
  choose: (code: ProviderCode) => void;
  isBusy: boolean;
}

function Picker({ providers, chosen, choose, isBusy }: PickerProps) {
  return (
    <fieldset disabled={isBusy}>
      <legend>{t.provider}</legend>
      <div class="picker">
        {providers.map(({ code, name, acceptsKeys }) => (
          <label key={code} class={`choice ${acceptsKeys ? (code === chosen ? 'chosen' : '') : 'closed'}`}>
            <input type="radio" name="provider" value={code} checked={code === chosen} disabled={!acceptsKeys} onChange={() => {
              haptic('select');
              choose(code);
            }} />
            <Tile code={code} />
            <span>{name}</span>
            {!acceptsKeys && <span class="sub">{t.closed}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Result({ of, again }: { of: KeyRow; again: () => void }) {
  // The row in the store is the live one: a verdict that comes later shows by itself.
  const key = useStore((state) => state.keys.get(of.id)) ?? of;
  const [title, text] = t.results[key.status] ?? t.results.PENDING!;
  const isGood = key.status === 'ACTIVE' || key.status === 'DEPLETED';
  const isBad = key.status === 'INVALID';
  useEffect(() => haptic(isGood ? 'success' : isBad ? 'error' : 'warning'), [key.status]);
  return (
    <>
      <div role="status">
        <Notice icon={isGood ? 'check' : isBad ? 'alert' : 'refresh'} tone={isGood ? 'green' : isBad ? 'red' : 'amber'} title={title} text={text}>
          {key.problem && <p class={`callout ${isBad ? 'red' : 'amber'}`}>{problemText(key.problem)}</p>}
          <p class="sub">
            {keyName(key)} · <span class="mark">{key.fingerprint}</span>
            {key.balance !== null && ` · ${money(key.balance, t.language)}`}
          </p>
          <button type="button" class="plain" onClick={again}>
            {isBad ? t.tryAgain : t.addAnother}
          </button>
        </Notice>
      </div>
      <MainButton text={t.done} onPress={back} />
    </>
  );
}

export function Add({ provider, label: before }: { provider?: ProviderCode; label?: string | null }) {
  const { providers, fault, again } = useProviders();
  const [code, setCode] = useState(provider);
  const [key, setKey] = useState('');
  const [label, setLabel] = useState(before ?? '');
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [result, setResult] = useState<KeyRow | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const chosen = providers?.find((one) => one.code === code);
  const name = code ? providerName(code) : '';

  const refuse = (why: string) => {
    setError(why);
    haptic('error');
    field.current?.focus();
  };

  async function submit() {
    if (isBusy) return;
    if (!chosen) return refuse(t.chooseProvider);
    if (!key.trim()) return refuse(t.keyMissing);
    if (!matches(chosen, key)) return refuse(t.keyFormat(name));
    setBusy(true);
    setError('');
    const sent = request(SUBMIT_KEY, { input: { provider: chosen.code, key: key.trim(), label: label.trim() || null } });
    setKey('');
    try {
      const { submitKey } = await sent;
      const [refusal] = submitKey?.userErrors ?? [];
      if (submitKey?.key) {
        const added = submitKey.key;
        change((state) => withKeys(state, [added]));
        setResult(added);
      } else if (refusal) {
        refuse((t.submitErrors[refusal.code] ?? refusal.message) + (refusal.retryAt ? ` ${moment(refusal.retryAt)}` : ''));
      }
    } catch (trouble) {
      setError(`${faultText(trouble)} ${t.sentNothing}`);
      haptic('error');
    }
    setBusy(false);
  }

  async function paste() {
    haptic('tap');
    field.current?.focus();
    try {
      const text = (await navigator.clipboard.readText()).trim();
      setKey(text);
      setError(text && chosen && !matches(chosen, text) ? t.keyFormat(name) : '');
    } catch {
      say(t.pasteFailed, 'error');
    }
  }

  if (result) return <Result of={result} again={() => {
    setLabel('');
    setResult(null);
  }} />;
  return (
    <>
      <Heading>{t.submit}</Heading>
      {fault && !providers ? (
        <Failed isPart text={faultText(fault)} retry={again} />
      ) : (
        <form noValidate onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}>
          {providers ? <Picker providers={providers} chosen={code} isBusy={isBusy} choose={(picked) => {
            setCode(picked);
            setError('');
          }} /> : <div class="picker bones">{[0, 1, 2, 3, 4, 5].map((one) => <span key={one} class="bone choice" />)}</div>}
          <div class="field">
            <label for="key">{t.key}</label>
            <span class={`input ${error && chosen ? 'bad' : ''}`}>
              <input ref={field} id="key" type="password" value={key} autocomplete="off" autocapitalize="off" spellcheck={false} maxLength={512}
                aria-describedby="key-hint key-error" aria-invalid={error !== ''} readOnly={isBusy}
                onInput={(event) => {
                  setKey(event.currentTarget.value);
                  setError('');
                }}
                onBlur={() => key.trim() && chosen && !matches(chosen, key) && setError(t.keyFormat(name))} />
              {typeof navigator.clipboard?.readText === 'function' && (
                <button type="button" class="plain" onClick={paste}>
                  {t.paste}
                </button>
              )}
            </span>
            <p id="key-error" class="error" role="alert">
              {error}
            </p>
            <p id="key-hint" class="sub">
              {chosen && <span class="hint">{t.looksLike(chosen.keyHint)}. </span>}
              {t.stored}
              {chosen && chosen.health !== 'HEALTHY' && <span class="trouble amber">{t.trouble(name)}</span>}
            </p>
          </div>
          <div class="field">
            <label for="label">
              {t.label} <span class="sub">{t.optional}</span>
            </label>
            <span class="input">
              <input id="label" value={label} autocomplete="off" maxLength={LABEL_MAX} aria-describedby="label-hint" readOnly={isBusy}
                onInput={(event) => setLabel(event.currentTarget.value)} />
            </span>
            <p id="label-hint" class="sub">
              {t.labelHint}
            </p>
          </div>
          <p class="progress" role="status">
            {isBusy && t.asking(name)}
          </p>
          <MainButton text={t.submit} onPress={() => void submit()} isActive={Boolean(code && key.trim())} isBusy={isBusy} />
        </form>
      )}
    </>
  );
}

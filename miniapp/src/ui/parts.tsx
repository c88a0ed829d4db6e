// Small parts that every screen uses.

import { Component, createElement, type ComponentChildren, type FunctionComponent } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { KeyRow } from '../api/operations.ts';
import type { ProviderCode } from '../api/types.ts';
import { money, parts } from '../money.ts';
import { t } from '../strings.ts';
import { ago, secondsUntil } from '../time.ts';

/** A component that is drawn again only when a property is another. */
export function memo<Props extends object>(draw: FunctionComponent<Props>): FunctionComponent<Props> {
  class Kept extends Component<Props> {
    override shouldComponentUpdate(next: Props) {
      return Object.entries(next).some(([name, value]) => value !== (this.props as Record<string, unknown>)[name]);
    }
    override render() {
      return createElement(draw, this.props);
    }
  }
  return Kept as unknown as FunctionComponent<Props>;
}

/** An amount to its last digit; the digits after the cents stand back. */
export function Amount({ value, signed }: { value: string; signed?: boolean }) {
  const { sign, whole, fraction } = parts(value, t.language, signed);
  const isRussian = t.language === 'ru';
  return (
    <span class="amount">
      {sign}
      {isRussian ? '' : '$'}
      {whole}
      {isRussian ? ',' : '.'}
      {fraction.slice(0, 2)}
      <span class="fine">{fraction.slice(2)}</span>
      {isRussian ? '\u00a0$' : ''}
    </span>
  );
}

/** The amount that a screen is about, as big as its digits allow. */
export function Sum({ value }: { value: string }) {
  const { length } = money(value, t.language);
  return (
    <p class={`sum ${length > 14 ? 'small' : length > 11 ? 'medium' : ''}`}>
      <Amount value={value} />
    </p>
  );
}

const NAMES: Record<ProviderCode, [name: string, monogram: string]> = {
  TWO_CAPTCHA: ['2Captcha', '2C'],
  CAPSOLVER: ['CapSolver', 'CS'],
  ANTI_CAPTCHA: ['Anti-Captcha', 'AC'],
  CAPMONSTER_CLOUD: ['CapMonster Cloud', 'CM'],
  MULTIBOT: ['Multibot', 'MB'],
  UCAPTCHA_NATIVE: ['UCaptcha Native', 'UC'],
};

/** A provider that is newer than this app is called by its code. */
export const providerName = (code: ProviderCode) => NAMES[code]?.[0] ?? code;

export function Tile({ code, big }: { code: ProviderCode; big?: boolean }) {
  return (
    <span class={`tile ${code} ${big ? 'big' : ''}`} aria-hidden="true">
      {NAMES[code]?.[1] ?? code.slice(0, 2)}
    </span>
  );
}

export const keyName = (key: { label: string | null; provider: { code: ProviderCode } }) =>
  key.label ?? providerName(key.provider.code);

const TONES = { PENDING: 'amber', ACTIVE: 'green', DEPLETED: 'grey', INVALID: 'red', REMOVED: 'grey' };

export function Badge({ of }: { of: KeyRow }) {
  const rests = of.status === 'ACTIVE' && of.problem && !of.lendable;
  return (
    <span class={`badge ${rests ? 'amber' : (TONES[of.status] ?? 'grey')} ${of.status === 'PENDING' ? 'pulse' : ''}`}>
      {rests ? t.notLent : (t.statuses[of.status] ?? of.status)}
    </span>
  );
}

const aging = new Set<() => void>();
setInterval(() => {
  if (!document.hidden) for (const write of aging) write();
}, 15_000);

/** How long ago a balance was read. A thousand of these are kept current without drawing a list anew. */
export function Checked({ at }: { at: string | null }) {
  const shown = useRef<HTMLTimeElement>(null);
  useLayoutEffect(() => {
    const write = () => {
      const words = at ? ago(at) : '';
      const text = !at ? t.neverChecked : words === t.justNow ? t.checkedNow : t.checked(words);
      if (shown.current && shown.current.textContent !== text) shown.current.textContent = text;
    };
    write();
    aging.add(write);
    return () => void aging.delete(write);
  }, [at]);
  return <time ref={shown} dateTime={at ?? undefined} />;
}

/** Seconds until a moment, counted down. */
export function useCountdown(at: string | null): number {
  const [seconds, count] = useState(at ? secondsUntil(at) : 0);
  useEffect(() => {
    if (!at) return count(0);
    const look = () => count(secondsUntil(at));
    look();
    const timer = setInterval(() => {
      look();
      if (secondsUntil(at) === 0) clearInterval(timer);
    }, 1000);
    return () => clearInterval(timer);
  }, [at]);
  return seconds;
}

const ICONS = {
  plus: 'M12 5v14M5 12h14',
  history: 'M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4v4.5h4.5M12 8v4.5l3 1.8',
  back: 'm14.5 6-6 6 6 6',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  refresh: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15',
  pencil: 'm5 19 .8-3.6L16 5.2l2.8 2.8L8.6 18.2z',
  trash: 'M5 7h14M10 7V5h4v2M7 7l.8 12h8.4L17 7',
  alert: 'M12 8v5M12 16.2v.3M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z',
  down: 'M12 5v13M6.5 12.5 12 18l5.5-5.5',
  up: 'M12 19V6M6.5 11.5 12 6l5.5 5.5',
  lock: 'M7 11h10v8H7zM9 11V8a3 3 0 0 1 6 0v3',
};

export type IconName = keyof typeof ICONS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  );
}

/** A screen's heading takes the focus, so that its name is read out and tabbing begins at the top. */
export function Heading({ children, hidden }: { children: ComponentChildren; hidden?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <h1 ref={heading} tabIndex={-1} class={hidden ? 'unseen' : ''}>
      {children}
    </h1>
  );
}

/** Rows that are yet to come. */
export function Bones({ rows }: { rows: number }) {
  return (
    <>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} class="row">
          <span class="bone tile" />
          <span class="body">
            <span class="bone" />
            <span class="bone short" />
          </span>
        </div>
      ))}
    </>
  );
}

interface NoticeProps {
  icon: IconName;
  title: string;
  text: string;
  tone?: string;
  /** Within a page that has its own heading. */
  isPart?: boolean;
  children?: ComponentChildren;
}

/** A page, or a part of one, with one thing to say: an icon, a sentence, a next step. */
export function Notice({ icon, title, text, tone = 'accent', isPart, children }: NoticeProps) {
  return (
    <div class={`notice ${isPart ? '' : 'page'}`}>
      <span class={`disc ${tone}`}>
        <Icon name={icon} />
      </span>
      {isPart ? <h2>{title}</h2> : <Heading>{title}</Heading>}
      <p>{text}</p>
      {children}
    </div>
  );
}

/** A page that could not be filled, and another try. */
export function Failed({ text, retry, isPart }: { text: string; retry: () => void; isPart?: boolean }) {
  return (
    <Notice isPart={isPart} icon="alert" tone="red" title={t.failedTitle} text={text}>
      <button type="button" class="fill" onClick={retry}>
        {t.retry}
      </button>
    </Notice>
  );
}

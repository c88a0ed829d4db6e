// The screen's main button, which Telegram's client shows where it can, and the short word after a deed.

import { useEffect, useRef, useState } from 'preact/hooks';
import { haptic, hasMainButton, on, setMainButton } from '../bridge/index.ts';
import { t } from '../strings.ts';

interface MainProps {
  text: string;
  onPress: () => void;
  isActive?: boolean;
  isBusy?: boolean;
}

/**
 * The screen's main deed. Inside a form its own button stays for keyboards: Enter in a field presses
 * it, and it shows itself when it has the focus.
 */
export function MainButton({ text, onPress, isActive = true, isBusy = false }: MainProps) {
  const isNative = hasMainButton();
  const press = useRef(onPress);
  press.current = onPress;
  useEffect(() => setMainButton({ text, isActive, isBusy }), [text, isActive, isBusy]);
  useEffect(() => {
    const stop = on('main_button_pressed', () => press.current());
    return () => {
      stop();
      setMainButton(null);
    };
  }, []);
  return (
    <div class={`main ${isNative ? 'native' : ''}`}>
      <button type="submit" class="fill" aria-disabled={!isActive || isBusy} aria-busy={isBusy} onClick={(event) => {
        event.preventDefault();
        if (!isBusy) press.current();
      }}>
        {text}
        {isBusy && <span class="spinner" />}
      </button>
    </div>
  );
}

interface Word {
  text: string;
  /** A note answers a question and is no deed's result. */
  tone: 'success' | 'error' | 'note';
}

let word: (said: Word) => void = () => {};

/** Says the result of a deed, on the screen, to a screen reader and to the hand. */
export function say(text: string, tone: Word['tone'] = 'success'): void {
  haptic(tone === 'note' ? 'tap' : tone);
  word({ text, tone });
}

export function Words() {
  const [said, setSaid] = useState<Word | null>(null);
  word = setSaid;
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(null), 4000 + 30 * said.text.length);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div class="words" role="status">
      {said && <span class="word">{said.text}</span>}
    </div>
  );
}

/** What a fault means, in words. */
export function faultText(error: unknown): string {
  const code = (error as { code?: string }).code ?? '';
  return code in t.failures ? t.failures[code as keyof typeof t.failures] : t.failures.OTHER;
}

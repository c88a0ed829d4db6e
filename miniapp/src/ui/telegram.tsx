// Parts that Telegram's client shows where it can, and the page where it can't: the main button, the
// question before a deed that can't be undone, and the short word after one.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { haptic, hasMainButton, on, popup, setMainButton, type Question } from '../bridge/index.ts';
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

interface ModalProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Modal({ title, onClose, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current!;
    const opener = document.activeElement as HTMLElement | null;
    shown.showModal();
    return () => {
      shown.close();
      opener?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="modal-title" onCancel={(event) => {
      event.preventDefault();
      onClose();
    }}>
      <h2 id="modal-title">{title}</h2>
      {children}
    </dialog>
  );
}

type Asked = Question & { answer: (isYes: boolean) => void };

let ask: (question: Asked | null) => void = () => {};

/** Asks before a deed: by the client's popup, else by a dialog of the page. */
export function confirm(question: Question): Promise<boolean> {
  return popup(question) ?? new Promise((answer) => ask({ ...question, answer }));
}

export function Questions() {
  const [asked, setAsked] = useState<Asked | null>(null);
  ask = setAsked;
  if (!asked) return null;
  const answer = (isYes: boolean) => {
    setAsked(null);
    asked.answer(isYes);
  };
  return (
    <Modal title={asked.title} onClose={() => answer(false)}>
      <p>{asked.message}</p>
      <div class="choices">
        <button type="button" class="plain" onClick={() => answer(false)}>
          {asked.cancel}
        </button>
        <button type="button" class="plain red" onClick={() => answer(true)}>
          {asked.ok}
        </button>
      </div>
    </Modal>
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

// Dialogs of the page, and the question before a deed that can't be undone: by Telegram's own popup where
// there is one.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { popup, type Question } from '../bridge/index.ts';

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

// What an owner can do with a key: check its balance, give it another label, remove it, add it again.

import { useState } from 'preact/hooks';
import { CHECK_KEY_BALANCE, REMOVE_KEY, RENAME_KEY, type KeyRow } from '../api/operations.ts';
import { request } from '../api/request.ts';
import { haptic } from '../bridge/index.ts';
import { money } from '../money.ts';
import { withKeys } from '../state/reducer.ts';
import { open } from '../state/screen.ts';
import { change, current } from '../state/store.ts';
import { t } from '../strings.ts';
import { span } from '../time.ts';
import { confirm, Modal } from '../ui/dialog.tsx';
import { Icon, keyName, useCountdown } from '../ui/parts.tsx';
import { faultText, say } from '../ui/telegram.tsx';

interface Answer {
  key: KeyRow | null;
  userErrors: { message: string }[];
}

/** Puts the key of an answer in, or says why there is none. */
function take(answer: Answer | null): KeyRow | null {
  const key = answer?.key ?? null;
  if (key) change((state) => withKeys(state, [key]));
  else say(answer?.userErrors[0]?.message ?? t.failures.OTHER, 'error');
  return key;
}

export function CheckButton({ of }: { of: KeyRow }) {
  const [isBusy, setBusy] = useState(false);
  const seconds = useCountdown(of.checkableAt);
  const isReady = !isBusy && seconds === 0;
  async function check() {
    if (!isReady) return;
    haptic('tap');
    setBusy(true);
    try {
      const { checkKeyBalance: answer } = await request(CHECK_KEY_BALANCE, { input: { keyId: of.id } });
      const key = take(answer);
      if (key) say(answer?.checked && key.balance !== null ? t.newBalance(money(key.balance, t.language)) : t.notChecked);
    } catch (error) {
      say(faultText(error), 'error');
    }
    setBusy(false);
  }
  return (
    <button type="button" class="tint" aria-disabled={!isReady} aria-busy={isBusy} onClick={() => void check()}>
      {isBusy ? <span class="spinner" /> : <Icon name="refresh" />}
      {isBusy ? t.checking : seconds > 0 ? t.checkAgainIn(span(seconds)) : t.checkBalance}
    </button>
  );
}

function Rename({ of, close }: { of: KeyRow; close: () => void }) {
  const [label, setLabel] = useState(of.label ?? '');
  const [isBusy, setBusy] = useState(false);
  async function save() {
    if (isBusy) return;
    setBusy(true);
    try {
      const { renameKey } = await request(RENAME_KEY, { input: { keyId: of.id, label: label.trim() || null } });
      const [refusal] = renameKey?.userErrors ?? [];
      if (refusal?.code === 'LABEL_FORMAT') say(t.submitErrors.LABEL_FORMAT, 'error');
      else if (take(renameKey)) {
        say(t.renamed);
        close();
      }
    } catch (error) {
      say(faultText(error), 'error');
    }
    setBusy(false);
  }
  return (
    <Modal title={t.rename} onClose={close}>
      <form noValidate onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}>
        <label class="unseen" for="new-label">
          {t.label}
        </label>
        <span class="input">
          <input id="new-label" value={label} maxLength={64} autocomplete="off" onInput={(event) => setLabel(event.currentTarget.value)} />
        </span>
        <div class="choices">
          <button type="button" class="plain" onClick={close}>
            {t.cancel}
          </button>
          <button type="submit" class="plain" aria-busy={isBusy}>
            {t.save}
          </button>
        </div>
      </form>
    </Modal>
  );
}

/** Shown as removed at once; put back as it was if the server does not agree. */
async function remove(of: KeyRow): Promise<void> {
  haptic('warning');
  const isSure = await confirm({ title: t.removeTitle, message: t.removeText(keyName(of)), ok: t.removeOk, cancel: t.cancel });
  if (!isSure) return;
  const guessed: KeyRow = { ...of, status: 'REMOVED', problem: null };
  change((state) => withKeys(state, [guessed]));
  const undo = () => current().keys.get(of.id) === guessed && change((state) => withKeys(state, [of]));
  try {
    const { removeKey } = await request(REMOVE_KEY, { input: { keyId: of.id } });
    if (!take(removeKey)) return void undo();
    say(t.removed);
    // The button that had the focus is gone.
    document.querySelector<HTMLElement>('.hero h1')?.focus({ preventScroll: true });
  } catch (error) {
    undo();
    say(faultText(error), 'error');
  }
}

export function Deeds({ of }: { of: KeyRow }) {
  const [isRenaming, setRenaming] = useState(false);
  const canAdd = of.status === 'REMOVED' || of.status === 'INVALID';
  return (
    <section class="card actions">
      {canAdd && (
        <button type="button" class="row accent" onClick={() => {
          haptic('tap');
          open({ name: 'add', provider: of.provider.code, label: of.label });
        }}>
          <Icon name="plus" />
          {t.addAgain}
        </button>
      )}
      <button type="button" class="row accent" onClick={() => {
        haptic('tap');
        setRenaming(true);
      }}>
        <Icon name="pencil" />
        {t.rename}
      </button>
      {of.status !== 'REMOVED' && (
        <button type="button" class="row red" onClick={() => void remove(of)}>
          <Icon name="trash" />
          {t.remove}
        </button>
      )}
      {isRenaming && <Rename of={of} close={() => setRenaming(false)} />}
    </section>
  );
}

// A movement of credits as a row of a list.

import type { Movement } from '../api/operations.ts';
import { isNegative, money } from '../money.ts';
import { t } from '../strings.ts';
import { clock, moment } from '../time.ts';
import { partWith } from './list.tsx';
import { Amount, Icon, keyName, memo, Tile } from './parts.tsx';
import { say } from './telegram.tsx';

/** What a list knows of a movement; a key's own list leaves the key out. */
export type Listed = Pick<Movement, 'id' | 'kind' | 'amount' | 'postedAt' | 'taskType' | 'costSource' | 'provisional'> &
  Partial<Pick<Movement, 'note' | 'key'>> & { corrects?: { id: string; amount?: string; postedAt?: string } | null };

interface Props {
  of: Listed;
  /** A later movement that corrects this one. */
  corrected?: Listed;
  /** In the list of its key: which one it is goes without saying, and so does the day not. */
  isOwn?: boolean;
}

const rowId = (id: string) => `movement-${id}`;

/** Frames in which a part that came near is drawn. */
const FRAMES = 10;

/** Shows another movement of the list, where it is there. */
async function show(id: string): Promise<void> {
  const part = partWith(id);
  if (!part) return say(t.further, 'note');
  part.scrollIntoView();
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const row = document.getElementById(rowId(id));
    row?.scrollIntoView({ block: 'center' });
    row?.focus({ preventScroll: true });
    if (row) return;
    await new Promise(requestAnimationFrame);
  }
}

/** Another movement by name; in a key's short list it is seldom there to be shown. */
function Linked({ to, text }: { to: string | null; text: string }) {
  if (!to) return <span>{text}</span>;
  return (
    <button type="button" class="link" onClick={() => void show(to)}>
      {text}
    </button>
  );
}

export const Entry = memo(({ of, corrected, isOwn }: Props) => {
  const isOut = isNegative(of.amount);
  const title = (of.taskType && (t.tasks[of.taskType] ?? of.taskType)) || t.kinds[of.kind] || t.otherKind;
  const isFix = of.kind === 'ADJUSTMENT' || of.kind === 'RECYCLE_REVERSAL';
  return (
    <li id={rowId(of.id)} class={`row entry ${isOwn ? 'own' : ''}`} tabIndex={-1}>
      {isOwn ? null : of.key ? <Tile code={of.key.provider.code} /> : <span class={`tile kind ${isOut ? 'grey' : 'green'}`}><Icon name={isOut ? 'up' : 'down'} /></span>}
      <span class="body">
        <span class="line">
          <span class="name">{isFix ? t.kinds[of.kind] : title}</span>
          <span class={`figure ${isOut ? '' : 'green'}`}>
            <Amount value={of.amount} signed />
          </span>
        </span>
        <span class="line sub">
          {!isOwn && <span class="ellipsis">{of.key ? keyName(of.key) : (of.note ?? '')}</span>}
          <time dateTime={of.postedAt}>{isOwn ? moment(of.postedAt) : clock(of.postedAt)}</time>
        </span>
        {(of.provisional || of.corrects || corrected) && (
          <span class="sub notes">
            {of.provisional && (
              <button type="button" class="badge amber" onClick={() => say(t.provisionalHint, 'note')}>
                {t.provisional}
              </button>
            )}
            {of.corrects?.amount && of.corrects.postedAt && (
              <Linked to={isOwn ? null : of.corrects.id} text={t.corrects(money(of.corrects.amount, t.language, true), moment(of.corrects.postedAt))} />
            )}
            {corrected && <Linked to={corrected.id} text={t.correctedBy(money(corrected.amount, t.language, true))} />}
          </span>
        )}
        {of.key && of.note && <span class="sub">{of.note}</span>}
      </span>
    </li>
  );
});

// Settings: credits, and the keys by state. Everything here is alive by the stream.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { KeyRow } from '../api/operations.ts';
import { haptic } from '../bridge/index.ts';
import { isZero, money, toNano } from '../money.ts';
import { load, moreKeys } from '../state/account.ts';
import { grouped } from '../state/groups.ts';
import { open } from '../state/screen.ts';
import { useStore } from '../state/store.ts';
import { t } from '../strings.ts';
import { secondsUntil } from '../time.ts';
import { inParts, More, Near, PART, usePart } from '../ui/list.tsx';
import { Amount, Badge, Bones, Checked, Failed, Heading, Icon, keyName, memo, Notice, providerName, Sum, Tile } from '../ui/parts.tsx';
import { faultText } from '../ui/telegram.tsx';
import { problemText } from '../ui/problem.ts';

interface RowProps {
  of: KeyRow;
  /** Which one of how many it is, as most rows are not drawn; -1 while nobody knows how many. */
  at: number;
  count: number;
}

const Row = memo(({ of, at, count }: RowProps) => (
  <li aria-posinset={at} aria-setsize={count}>
    <button type="button" class={`row ${of.status}`} onClick={() => {
      haptic('tap');
      open({ name: 'key', id: of.id });
    }}>
      <Tile code={of.provider.code} />
      <span class="body">
        <span class="line">
          <span class="name">{keyName(of)}</span>
          {of.balance !== null && <Amount value={of.balance} />}
        </span>
        <span class="line sub">
          <span class="which">
            {of.label !== null && <span class="ellipsis">{providerName(of.provider.code)}</span>}
            <span class="mark">
              {of.label !== null && ' · '}
              {of.fingerprint}
            </span>
          </span>
          <Badge of={of} />
        </span>
        <span class="sub notes">
          <Checked at={of.balanceCheckedAt} />
          {!isZero(of.held) && <span>{t.held(money(of.held, t.language))}</span>}
          {!isZero(of.underReview) && <span>{t.reviewed(money(of.underReview, t.language))}</span>}
          {!isZero(of.outsideSpending) && <span>{t.outside(money(of.outsideSpending, t.language))}</span>}
        </span>
        {of.problem && <span class={`sub problem ${of.status === 'INVALID' ? 'red' : 'amber'}`}>{problemText(of.problem)}</span>}
      </span>
    </button>
  </li>
));

function Rows({ rows, from, count }: { rows: readonly KeyRow[]; from: number; count: number }) {
  const { box, spacer } = usePart(rows);
  return (
    <div ref={box} style={spacer}>
      {!spacer && (
        <ul>
          {rows.map((key, at) => (
            <Row key={key.id} of={key} at={from + at + 1} count={count} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Keys() {
  const keys = useStore((state) => state.keys);
  const next = useStore((state) => state.nextKeys);
  const [drawn, setDrawn] = useState(PART);
  const groups = useMemo(() => grouped(keys.values()), [keys]);
  if (keys.size === 0) {
    return (
      <Notice isPart icon="plus" title={t.emptyTitle} text={t.emptyText}>
        <p class="assurance">
          <Icon name="lock" />
          {t.stored}
        </p>
      </Notice>
    );
  }
  let left = drawn;
  return (
    <>
      {groups.map(({ status, keys: rows }) => {
        const shown = rows.slice(0, Math.max(0, left));
        left -= rows.length;
        return (
          shown.length > 0 && (
            <section key={status} aria-labelledby={`group-${status}`}>
              <h2 id={`group-${status}`}>
                {t.groups[status]} {next === null && <span class="count">· {t.count(rows.length)}</span>}
              </h2>
              {status === 'DEPLETED' && <p class="sub">{t.depletedHint}</p>}
              <div class="card">
                {inParts(shown).map((part, at) => (
                  <Rows key={at} rows={part} from={at * PART} count={next === null ? rows.length : -1} />
                ))}
              </div>
            </section>
          )
        );
      })}
      {left < 0 ? (
        <Near mark={drawn} onNear={() => setDrawn(drawn + PART)} />
      ) : (
        next !== null && <More mark={next} load={moreKeys} />
      )}
    </>
  );
}

function Skeleton() {
  return (
    <div role="status" aria-label={t.loading}>
      <div class="hero">
        <span class="bone short" />
        <span class="bone sum" />
        <span class="bone" />
        <div class="deeds">
          <span class="bone deed" />
          <span class="bone deed" />
        </div>
      </div>
      <div class="card bones">
        <Bones rows={4} />
      </div>
    </div>
  );
}

function Hero() {
  const balance = useStore((state) => state.balance);
  const credited = useStore((state) => state.credited);
  const frozen = useStore((state) => state.frozen);
  const last = useRef(balance);
  const hasRisen = toNano(balance) > toNano(last.current);
  useEffect(() => void (last.current = balance), [balance]);
  return (
    <div class="hero">
      <p class="hero-label">{t.credits}</p>
      <div key={balance} class={hasRisen ? 'risen' : ''}>
        <Sum value={balance} />
      </div>
      <p class="sub">{t.earned(money(credited, t.language))}</p>
      {frozen && <p class="callout amber">{t.frozen}</p>}
      <div class="deeds">
        <button type="button" class="deed" disabled={frozen} onClick={() => {
          haptic('tap');
          open({ name: 'add' });
        }}>
          <Icon name="plus" />
          {t.addKey}
        </button>
        <button type="button" class="deed" onClick={() => {
          haptic('tap');
          open({ name: 'history' });
        }}>
          <Icon name="history" />
          {t.history}
        </button>
      </div>
    </div>
  );
}

/** Drawn again by what it takes from the store alone, not by a change of screen. */
export const Settings = memo(() => {
  const phase = useStore((state) => state.phase);
  const fault = useStore((state) => state.fault);
  useEffect(() => {
    // A limit passes by itself; so does this page then.
    if (!fault?.retryAt) return;
    const timer = setTimeout(load, 1000 * Math.max(1, secondsUntil(fault.retryAt)));
    return () => clearTimeout(timer);
  }, [fault]);
  if (phase === 'failed') {
    return (
      <Failed text={faultText(fault)} retry={() => void load()} />
    );
  }
  return (
    <>
      <Heading hidden>{t.settings}</Heading>
      {phase === 'loading' ? (
        <Skeleton />
      ) : (
        <>
          <Hero />
          <Keys />
        </>
      )}
    </>
  );
});

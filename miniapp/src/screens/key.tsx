// One key: its balance and where it went, what it earned, and what its owner can do with it.

import { useEffect, useState } from 'preact/hooks';
import { KEY, type KeyDetails, type KeyRow } from '../api/operations.ts';
import { request, type Fault } from '../api/request.ts';
import { isZero, money } from '../money.ts';
import { withKeys } from '../state/reducer.ts';
import { change, useStore } from '../state/store.ts';
import { t } from '../strings.ts';
import { clock, date, now } from '../time.ts';
import { Chart, type Sample } from '../ui/chart.tsx';
import { Entry } from '../ui/entry.tsx';
import { Badge, Checked, Heading, Icon, keyName, Notice, providerName, Sum, Tile } from '../ui/parts.tsx';
import { problemText } from '../ui/problem.ts';
import { faultText } from '../ui/telegram.tsx';
import { CheckButton, Deeds } from './key_deeds.tsx';

const SHOWN_MS = 7 * 86_400_000;
const CREDITS_MAX = 20;

function useDetails(id: string) {
  const [details, setDetails] = useState<KeyDetails | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [isGone, setGone] = useState(false);
  const epoch = useStore((state) => state.epoch);
  const read = async () => {
    setFault(null);
    try {
      const { node } = await request(KEY, { id, since: new Date(now() - SHOWN_MS).toISOString() });
      if (!node || !('fingerprint' in node)) return setGone(true);
      const found = node as KeyDetails;
      change((state) => withKeys(state, [found]));
      setDetails(found);
    } catch (error) {
      setFault(error as Fault);
    }
  };
  useEffect(() => void read(), [id, epoch]);
  return { details, fault, isGone, read };
}

/** The samples of the answer, and those that the stream brought since. */
function useSamples(key: KeyRow | undefined, details: KeyDetails | null): Sample[] {
  const [live, setLive] = useState<Sample[]>([]);
  const { balance = null, balanceCheckedAt: at = null } = key ?? {};
  useEffect(() => {
    if (balance !== null && at !== null) setLive((samples) => [...samples.slice(-200), { at, balance }]);
  }, [balance, at]);
  const kept = details?.balanceHistory ?? [];
  const last = kept.at(-1)?.at ?? '';
  return [...kept, ...live.filter((sample) => Date.parse(sample.at) > Date.parse(last || '0'))];
}

function Fact({ name, value, hint }: { name: string; value: string; hint?: string }) {
  return (
    <div class="fact">
      <dt>
        {name}
        {hint && <span class="sub">{hint}</span>}
      </dt>
      <dd>{value}</dd>
    </div>
  );
}

function Facts({ of, details }: { of: KeyRow; details: KeyDetails | null }) {
  const say = (amount: string) => money(amount, t.language);
  const native = details?.nativeBalance;
  return (
    <section>
      <h2>{t.facts}</h2>
      <dl class="card">
        <Fact name={t.creditsEarned} value={say(of.credited)} />
        <Fact name={t.heldLong} value={say(of.held)} />
        {!isZero(of.underReview) && <Fact name={t.underReview} value={say(of.underReview)} hint={t.underReviewHint} />}
        {!isZero(of.outsideSpending) && <Fact name={t.outsideSpending} value={say(of.outsideSpending)} hint={t.outsideHint} />}
        {native && <Fact name={t.inProviderUnits} value={native} />}
        <Fact name={t.fingerprint} value={of.fingerprint} />
        <Fact name={t.added} value={`${date(of.submittedAt)}, ${clock(of.submittedAt)}`} />
      </dl>
    </section>
  );
}

function Credits({ of, details }: { of: KeyRow; details: KeyDetails | null }) {
  const posted = useStore((state) => state.posted);
  if (!details) return null;
  const kept = details.transactions.nodes;
  const known = new Set(kept.map(({ id }) => id));
  const live = posted.filter(({ id, key }) => key?.id === of.id && !known.has(id));
  const rows = [...live, ...kept].slice(0, CREDITS_MAX);
  return (
    <section>
      <h2>{t.recentCredits}</h2>
      {rows.length === 0 ? (
        <p class="card pad sub">{t.noCredits}</p>
      ) : (
        <ul class="card">
          {rows.map((row) => (
            <Entry key={row.id} of={row} isOwn />
          ))}
        </ul>
      )}
    </section>
  );
}

const HINTS: Partial<Record<string, 'depletedHint' | 'removedHint' | 'invalidHint'>> = {
  DEPLETED: 'depletedHint',
  REMOVED: 'removedHint',
  INVALID: 'invalidHint',
};

export function Key({ id }: { id: string }) {
  const { details, fault, isGone, read } = useDetails(id);
  const key = useStore((state) => state.keys.get(id));
  const samples = useSamples(key, details);
  if (!key && isGone) return <Notice icon="alert" title={t.keyGone} text="" />;
  if (!key) {
    return fault ? <Failure fault={fault} read={read} /> : <div class="hero" role="status" aria-label={t.loading}><span class="bone tile big" /><span class="bone" /><span class="bone sum" /></div>;
  }
  const hint = HINTS[key.status];
  return (
    <>
      <div class={`hero ${key.status}`}>
        <Tile code={key.provider.code} big />
        <Heading>{keyName(key)}</Heading>
        <p class="sub">
          {key.label !== null && `${providerName(key.provider.code)} · `}
          <span class="mark">{key.fingerprint}</span>
        </p>
        <span class="unseen">{t.balance}</span>
        {key.balance === null ? (
          <p class="sum">
            <span aria-hidden="true">–</span>
            <span class="unseen">{t.unknown}</span>
          </p>
        ) : (
          <Sum value={key.balance} />
        )}
        <p class="sub line">
          <Badge of={key} />
          <Checked at={key.balanceCheckedAt} />
        </p>
        {key.problem && (
          <p class={`callout ${key.status === 'INVALID' ? 'red' : 'amber'}`}>
            <Icon name="alert" />
            <span>{problemText(key.problem)}</span>
          </p>
        )}
        {hint && <p class="sub">{t[hint]}</p>}
        {key.status !== 'REMOVED' && <CheckButton of={key} />}
      </div>
      <section>
        <h2>{t.overTime}</h2>
        <div class="card">
          {details ? <Chart samples={samples} /> : fault ? <Failure fault={fault} read={read} /> : <span class="bone chart" />}
        </div>
      </section>
      <Facts of={key} details={details} />
      <Deeds of={key} />
      <Credits of={key} details={details} />
    </>
  );
}

function Failure({ fault, read }: { fault: Fault; read: () => Promise<void> }) {
  return (
    <div class="more" role="alert">
      <span>{faultText(fault)}</span>
      <button type="button" class="plain" onClick={() => void read()}>
        {t.retry}
      </button>
    </div>
  );
}

// Credits history: everything that moved, newest first, page by page. What the stream brings is put on
// top while the reader is there, and waits behind a button while they read further down.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { HISTORY, type Movement } from '../api/operations.ts';
import { request, type Fault } from '../api/request.ts';
import type { TransactionKind } from '../api/types.ts';
import { haptic } from '../bridge/index.ts';
import { useStore } from '../state/store.ts';
import { t } from '../strings.ts';
import { day } from '../time.ts';
import { Entry } from '../ui/entry.tsx';
import { More } from '../ui/list.tsx';
import { Failed, Heading, memo, Notice } from '../ui/parts.tsx';
import { faultText } from '../ui/telegram.tsx';

const PAGE = 30;
/** Scrolled no further than this, a reader is at the top. */
const TOP_PX = 120;

const FILTERS = {
  all: null,
  recycled: ['RECYCLE_CREDIT', 'RECYCLE_REVERSAL', 'ADJUSTMENT'],
  corrections: ['RECYCLE_REVERSAL', 'ADJUSTMENT'],
  bought: ['DEPOSIT'],
  spent: ['SPEND'],
} satisfies Record<string, TransactionKind[] | null>;

type Filter = keyof typeof FILTERS;

interface Page {
  rows: readonly Movement[];
  next: string | null;
}

/** Corrections by the movement that they correct; they are newer, so they are here before it. */
function byCorrected(pages: readonly (readonly Movement[])[]): Map<string, Movement> {
  const found = new Map<string, Movement>();
  for (const rows of pages) for (const row of rows) if (row.corrects && !found.has(row.corrects.id)) found.set(row.corrects.id, row);
  return found;
}

interface RowsProps {
  rows: readonly Movement[];
  /** The day of the row before, which needs no heading again. */
  before: string;
  corrections: Map<string, Movement>;
}

const Rows = memo(({ rows, before, corrections }: RowsProps) => {
  const days: { day: string; rows: Movement[] }[] = [];
  for (const row of rows) {
    const on = day(row.postedAt);
    if (days.at(-1)?.day === on) days.at(-1)!.rows.push(row);
    else days.push({ day: on, rows: [row] });
  }
  return (
    <>
      {days.map(({ day, rows }) => (
        <div key={day} class="day">
          {day !== before && <h2>{day}</h2>}
          <ul>
            {rows.map((row) => (
              <Entry key={row.id} of={row} corrected={corrections.get(row.id)} />
            ))}
          </ul>
        </div>
      ))}
    </>
  );
});

async function read(filter: Filter, after: string | null): Promise<Page> {
  const { viewer } = await request(HISTORY, { kinds: FILTERS[filter], first: PAGE, after });
  const { nodes = [], pageInfo } = viewer?.transactions ?? {};
  return { rows: nodes, next: pageInfo?.hasNextPage ? pageInfo.endCursor : null };
}

function List({ filter }: { filter: Filter }) {
  const [pages, setPages] = useState<Page[] | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const first = () => {
    setFault(null);
    read(filter, null).then((page) => setPages([page]), setFault);
  };
  useEffect(first, []);
  const live = useLive(pages?.[0], filter);
  const rowsOf = useMemo(() => [live.shown, ...(pages ?? []).map(({ rows }) => rows)], [live.shown, pages]);
  const corrections = useMemo(() => byCorrected(rowsOf), [rowsOf]);
  if (fault && !pages) {
    return (
      <Failed isPart text={faultText(fault)} retry={first} />
    );
  }
  if (!pages) return <div class="bones" role="status" aria-label={t.loading}>{[0, 1, 2, 3, 4, 5].map((row) => <div key={row} class="row"><span class="bone tile" /><span class="body"><span class="bone" /><span class="bone short" /></span></div>)}</div>;
  if (rowsOf.every((rows) => rows.length === 0)) {
    return filter === 'all' ? <Notice isPart icon="history" title={t.historyEmpty} text={t.historyEmptyText} /> : <p class="more">{t.historyFiltered}</p>;
  }
  const next = pages.at(-1)!.next;
  let before = '';
  return (
    <>
      {live.waiting > 0 && (
        <button type="button" class="pill newer" onClick={() => window.scrollTo({ top: 0 })}>
          {t.newEntries(live.waiting)}
        </button>
      )}
      {rowsOf.map((rows, at) => {
        const part = <Rows key={at} rows={rows} before={before} corrections={corrections} />;
        before = rows.length > 0 ? day(rows.at(-1)!.postedAt) : before;
        return part;
      })}
      {next === null ? (
        <p class="more">{t.historyEnd}</p>
      ) : (
        <More mark={next} load={async () => {
          const page = await read(filter, next);
          setPages((pages) => (pages?.at(-1)?.next === next ? [...pages, page] : pages));
        }} />
      )}
    </>
  );
}

/** Movements newer than the first page: those shown, and how many wait for the reader to come up. */
function useLive(first: Page | undefined, filter: Filter): { shown: readonly Movement[]; waiting: number } {
  const posted = useStore((state) => state.posted);
  const [isAtTop, setAtTop] = useState(true);
  useEffect(() => {
    const look = () => setAtTop(window.scrollY < TOP_PX);
    addEventListener('scroll', look, { passive: true });
    return () => removeEventListener('scroll', look);
  }, []);
  const kept = useRef<readonly Movement[]>([]);
  const kinds: readonly string[] | null = FILTERS[filter];
  const newer = useMemo(() => {
    const known = new Set(first?.rows.map(({ id }) => id));
    const oldest = first?.rows.at(-1)?.postedAt ?? '';
    return posted.filter((row) => !known.has(row.id) && Date.parse(row.postedAt) >= Date.parse(oldest || '0') && (!kinds || kinds.includes(row.kind)));
  }, [posted, first]);
  if (isAtTop) kept.current = newer;
  return { shown: kept.current, waiting: newer.length - kept.current.length };
}

export function History() {
  const [filter, setFilter] = useState<Filter>('all');
  const epoch = useStore((state) => state.epoch);
  return (
    <div class="history">
      <Heading>{t.history}</Heading>
      <div class="filters" role="group" aria-label={t.filter}>
        {(Object.keys(FILTERS) as Filter[]).map((name) => (
          <button key={name} type="button" class="chip" aria-pressed={name === filter} onClick={() => {
            haptic('select');
            setFilter(name);
          }}>
            {t.filters[name]}
          </button>
        ))}
      </div>
      <List key={`${filter} ${epoch}`} filter={filter} />
    </div>
  );
}

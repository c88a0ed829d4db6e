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
import { inParts, More, Near, usePart } from '../ui/list.tsx';
import { Bones, Failed, Heading, memo, Notice } from '../ui/parts.tsx';
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

type Chunk = readonly Movement[];

interface Page {
  chunks: readonly Chunk[];
  next: string | null;
}

interface RowsProps {
  rows: Chunk;
  /** The day of the row before, which needs no heading again. */
  before: string;
  /** Corrections by the movement that they correct. */
  corrections: ReadonlyMap<string, Movement>;
}

/** The day of a chunk's last movement, worked out once: a long history asks for it at each drawing. */
const lastDays = new WeakMap<Chunk, string>();

function lastDay(rows: Chunk): string | undefined {
  const last = rows.at(-1);
  if (last && !lastDays.has(rows)) lastDays.set(rows, day(last.postedAt));
  return lastDays.get(rows);
}

const Rows = memo(({ rows, before, corrections }: RowsProps) => {
  const { box, spacer } = usePart(rows);
  const days: { day: string; rows: Movement[] }[] = [];
  for (const row of spacer ? [] : rows) {
    const on = day(row.postedAt);
    if (days.at(-1)?.day === on) days.at(-1)!.rows.push(row);
    else days.push({ day: on, rows: [row] });
  }
  return (
    <div ref={box} style={spacer}>
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
    </div>
  );
});

async function read(filter: Filter, after: string | null): Promise<Page> {
  const { viewer } = await request(HISTORY, { kinds: FILTERS[filter], first: PAGE, after });
  const { nodes = [], pageInfo } = viewer?.transactions ?? {};
  return { chunks: inParts(nodes), next: pageInfo?.hasNextPage ? pageInfo.endCursor : null };
}

/**
 * Corrections are newer than what they correct, so they are known before it is drawn. One that comes by
 * the stream is the exception: then the map is a new one, and the rows are drawn again.
 */
function useCorrections(live: Chunk, chunks: readonly Chunk[]): ReadonlyMap<string, Movement> {
  const found = useRef(new Map<string, Movement>());
  const looked = useRef(new Set<Chunk>());
  const add = (rows: Chunk) => {
    for (const row of rows) if (row.corrects) found.current.set(row.corrects.id, row);
    looked.current.add(rows);
  };
  if (live.some(({ corrects }) => corrects && !found.current.has(corrects.id))) {
    found.current = new Map(found.current);
    add(live);
  }
  for (const rows of chunks) if (!looked.current.has(rows)) add(rows);
  return found.current;
}

function List({ filter }: { filter: Filter }) {
  const [pages, setPages] = useState<Page[] | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const first = () => {
    setFault(null);
    read(filter, null).then((page) => setPages([page]), setFault);
  };
  useEffect(first, []);
  const chunks = useMemo(() => (pages ?? []).flatMap((page) => page.chunks), [pages]);
  const live = useLive(pages ? (pages[0]?.chunks ?? []) : null, filter);
  const corrections = useCorrections(live.shown, chunks);
  const [drawn, setDrawn] = useState(2);
  if (fault && !pages) {
    return (
      <Failed isPart text={faultText(fault)} retry={first} />
    );
  }
  if (!pages) {
    return (
      <div class="bones" role="status" aria-label={t.loading}>
        <Bones rows={6} />
      </div>
    );
  }
  if (live.shown.length + chunks.length === 0) {
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
      {[live.shown, ...chunks.slice(0, drawn)].map((rows, at) => {
        const part = <Rows key={at} rows={rows} before={before} corrections={corrections} />;
        before = lastDay(rows) ?? before;
        return part;
      })}
      {drawn < chunks.length ? (
        <Near mark={drawn} onNear={() => setDrawn(drawn + 1)} />
      ) : next === null ? (
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
function useLive(first: readonly Chunk[] | null, filter: Filter): { shown: Chunk; waiting: number } {
  const posted = useStore((state) => state.posted);
  const [isAtTop, setAtTop] = useState(true);
  useEffect(() => {
    const look = () => setAtTop(window.scrollY < TOP_PX);
    addEventListener('scroll', look, { passive: true });
    return () => removeEventListener('scroll', look);
  }, []);
  const kept = useRef<Chunk>([]);
  const kinds: readonly string[] | null = FILTERS[filter];
  const newer = useMemo(() => {
    if (!first) return [];
    const known = new Set(first.flatMap((rows) => rows.map(({ id }) => id)));
    const oldest = Date.parse(first.at(-1)?.at(-1)?.postedAt ?? '1970-01-01');
    return posted.filter(({ id, kind, postedAt }) => !known.has(id) && Date.parse(postedAt) >= oldest && (!kinds || kinds.includes(kind)));
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

// Long lists: rows are drawn a part at a time as they come near, and give way to a spacer when they are far
// from the screen again. Further pages are asked for at the end.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Fault } from '../api/request.ts';
import { t } from '../strings.ts';
import { span } from '../time.ts';
import { useCountdown } from './parts.tsx';
import { faultText } from './telegram.tsx';

/** How far below the screen the end of a list counts as near. */
const NEAR = '1000px';
/** How far around the screen rows stay drawn. Further than what is near, or the newest would go at once. */
const KEPT = '1500px';
/** Rows of a part; drawing them has to fit into a frame of a slow phone. */
export const PART = 10;

/** A list in parts. */
export const inParts = <Row,>(rows: readonly Row[]): Row[][] =>
  Array.from({ length: Math.ceil(rows.length / PART) }, (_, at) => rows.slice(at * PART, (at + 1) * PART));

interface Part {
  draw(): void;
  giveWay(height: number): void;
  holds(id: string): boolean;
}

/** The parts that are in the page, by their boxes. */
const parts = new Map<Element, Part>();
/** Parts that came near, the nearest last; one is drawn a frame. */
let due: IntersectionObserverEntry[] = [];

const away = ({ boundingClientRect: { top, bottom } }: IntersectionObserverEntry) => Math.max(top - innerHeight, -bottom, 0);

function drawNext(): void {
  const next = due.pop();
  if (!next) return;
  parts.get(next.target)?.draw();
  requestAnimationFrame(drawNext);
}

const watcher = new IntersectionObserver(
  (seen) => {
    const isIdle = due.length === 0;
    due = due.filter(({ target }) => seen.every((one) => one.target !== target));
    for (const one of seen) {
      if (one.isIntersecting) due.push(one);
      else parts.get(one.target)?.giveWay(one.boundingClientRect.height);
    }
    due.sort((a, b) => away(b) - away(a));
    if (isIdle) drawNext();
  },
  // The page itself as the root: so the margin counts within Telegram's frame too.
  { root: document, rootMargin: KEPT },
);

/** The part of a list that holds a row, whether it is drawn or not. */
export const partWith = (id: string) => [...parts].find(([, part]) => part.holds(id))?.[0];

/** For a part of a list: where to draw it, and the height of the spacer while its rows need not be there. */
export function usePart(rows: readonly { id: string }[]) {
  const box = useRef<HTMLDivElement>(null);
  const now = useRef(rows);
  now.current = rows;
  /** Of a row, so that a spacer grows and shrinks with its part. */
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const part = box.current!;
    parts.set(part, {
      draw: () => setHeight(0),
      // What has the focus stays, and a screen that is asleep shows no heights.
      giveWay: (height) => part.matches(':focus-within, .asleep *') || setHeight(height / now.current.length),
      holds: (id) => now.current.some((row) => row.id === id),
    });
    watcher.observe(part);
    return () => {
      watcher.unobserve(part);
      parts.delete(part);
    };
  }, []);
  return { box, spacer: height ? { height: `${height * rows.length}px` } : undefined };
}

/** Calls back when the end of a list is near, and again for each new `mark` while it still is. */
export function Near({ mark, onNear }: { mark: unknown; onNear: () => void }) {
  const line = useRef<HTMLDivElement>(null);
  const near = useRef(onNear);
  near.current = onNear;
  useEffect(() => {
    const observer = new IntersectionObserver(
      ([seen]) => {
        if (seen?.isIntersecting) near.current();
      },
      { root: document, rootMargin: NEAR },
    );
    observer.observe(line.current!);
    return () => observer.disconnect();
  }, [mark]);
  return <div ref={line} class="near" />;
}

/** The end of a list that has more: asks for it when near, waits out a limit, offers another try. */
export function More({ mark, load }: { mark: string; load: () => Promise<void> }) {
  const [fault, setFault] = useState<Fault | null>(null);
  const seconds = useCountdown(fault?.retryAt ?? null);
  const ask = () => {
    setFault(null);
    load().catch(setFault);
  };
  useEffect(() => {
    if (fault?.retryAt && seconds === 0) ask();
  }, [seconds]);
  if (fault && !fault.retryAt) {
    return (
      <div class="more" role="alert">
        <span>{faultText(fault)}</span>
        <button type="button" class="plain" onClick={ask}>
          {t.retry}
        </button>
      </div>
    );
  }
  return (
    <div class="more">
      {!fault && <Near mark={mark} onNear={ask} />}
      <span>{fault ? t.waiting(span(seconds)) : t.loadingMore}</span>
    </div>
  );
}

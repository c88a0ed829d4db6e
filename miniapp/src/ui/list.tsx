// Long lists: rows are drawn as they come near, further pages are asked for at the end.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Fault } from '../api/request.ts';
import { t } from '../strings.ts';
import { useCountdown } from './parts.tsx';
import { faultText } from './telegram.tsx';

/** How far below the screen the end of a list counts as near. */
const NEAR = '1000px';

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
      { rootMargin: NEAR },
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
      <span>{fault ? t.waiting(seconds) : t.loadingMore}</span>
    </div>
  );
}

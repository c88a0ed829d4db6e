// The one store: a state, who listens to it, and the hook by which a component takes a part of it.

import { useEffect, useReducer, useRef } from 'preact/hooks';
import { EMPTY, type State } from './reducer.ts';

let state = EMPTY;
const listeners = new Set<() => void>();

export const current = () => state;

export function change(to: (state: State) => State): void {
  const next = to(state);
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}

export const set = (part: Partial<State>) => change((state) => ({ ...state, ...part }));

/** A part of the state; the component is drawn again when that part is another. */
export function useStore<Part>(pick: (state: State) => Part): Part {
  const [, redraw] = useReducer((drawn: number) => drawn + 1, 0);
  const part = pick(state);
  const last = useRef({ pick, part });
  last.current = { pick, part };
  useEffect(() => {
    const listener = () => {
      if (last.current.pick(state) !== last.current.part) redraw(undefined as never);
    };
    listeners.add(listener);
    listener();
    return () => void listeners.delete(listener);
  }, []);
  return part;
}

// Moments in words. The server's clock counts: the difference to this device's is learnt from answers.

import { t } from './strings.ts';

let ahead = 0;

/** Learns from an answer's Date header how far the server's clock is ahead of this device's. */
export function learnClock(header: string | null, now = Date.now()): void {
  const told = header ? Date.parse(header) : NaN;
  if (!Number.isNaN(told)) ahead = Math.abs(told - now) > 3000 ? told - now : 0;
}

/** The moment it is, by the server's clock. */
export const now = () => Date.now() + ahead;

/** How long ago a moment was, in a few words; the date where that is more than a day. */
export function ago(at: string, from = now()): string {
  const minutes = Math.floor((from - Date.parse(at)) / 60_000);
  if (minutes < 1) return t.justNow;
  if (minutes < 60) return t.minutesAgo(minutes);
  if (minutes < 24 * 60) return t.hoursAgo(Math.floor(minutes / 60));
  return date(at);
}

/** Seconds until a moment, rounded up; zero when it has passed. */
export function secondsUntil(at: string, from = now()): number {
  return Math.max(0, Math.ceil((Date.parse(at) - from) / 1000));
}

/** Longer waits than this are told in minutes. */
const SECONDS_MAX = 99;

/** A wait in words: its seconds, or the minutes that it takes at most. */
export const span = (seconds: number) => (seconds > SECONDS_MAX ? t.minutes(Math.ceil(seconds / 60)) : t.seconds(seconds));

// Making a formatter costs far more than using it, and a list uses one for each row.
const formatters = new Map<string, Intl.DateTimeFormat>();

function write(at: string | number, name: string, options: Intl.DateTimeFormatOptions): string {
  const kept = t.language + name;
  let formatter = formatters.get(kept);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(t.language, options);
    formatters.set(kept, formatter);
  }
  return formatter.format(new Date(at));
}

/** The day of a moment; the year goes without saying while it lasts. */
export function date(at: string | number): string {
  const isThisYear = new Date(at).getFullYear() === new Date(now()).getFullYear();
  return isThisYear
    ? write(at, 'day', { day: 'numeric', month: 'short' })
    : write(at, 'date', { day: 'numeric', month: 'short', year: 'numeric' });
}

export const clock = (at: string | number) => write(at, 'clock', { hour: 'numeric', minute: '2-digit' });

/** The day of a moment as a heading: today, yesterday, or its date. */
export function day(at: string, from = now()): string {
  const written = date(at);
  if (written === date(from)) return t.today;
  return written === date(from - 86_400_000) ? t.yesterday : written;
}

/** A moment with its day, short. */
export const moment = (at: string) => (day(at) === t.today ? clock(at) : `${date(at)}, ${clock(at)}`);

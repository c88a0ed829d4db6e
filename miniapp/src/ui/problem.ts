// A key's problem in words of the reader's language; the server's own sentence for a newer code.

import type { KeyRow } from '../api/operations.ts';
import { t } from '../strings.ts';
import { clock, day, moment, now } from '../time.ts';

export function problemText({ code, message, retryAt, providerCode }: NonNullable<KeyRow['problem']>): string {
  const words: string[] = [t.problems[code] ?? message];
  if (providerCode && code === 'REJECTED') words.push(`(${providerCode})`);
  if (retryAt && Date.parse(retryAt) > now()) {
    words.push(t.retriedAt(day(retryAt) === t.today ? t.at(clock(retryAt)) : moment(retryAt)));
  }
  return words.join(' ');
}

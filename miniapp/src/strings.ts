// The words in use. A reader's language is fetched once, before the first screen is drawn, so that nobody
// carries the other one.

import type { Strings } from './strings/en.ts';

export let t: Strings;

/** Takes the words for a language tag such as `ru-RU`; English where there are none. */
export async function speak(tag: string | undefined): Promise<void> {
  const isRussian = tag?.toLowerCase().split('-')[0] === 'ru';
  ({ strings: t } = await (isRussian ? import('./strings/ru.ts') : import('./strings/en.ts')));
}

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** The form of a word that goes with a number. */
export function plural(language: string, count: number, forms: Forms): string {
  return forms[new Intl.PluralRules(language).select(count)] ?? forms.other;
}

// Amounts: decimal strings of dollars, with at most nine places, from the server to the screen.
// Where they are added or compared they are whole nano-dollars; no amount is ever a float.

const FORM = /^(-?)(\d+)(?:\.(\d{1,9}))?$/;

/** Whole nano-dollars of an amount; zero for what is none. */
export function toNano(amount: string): bigint {
  const parts = FORM.exec(amount);
  if (!parts) return 0n;
  const nano = BigInt(parts[2]! + (parts[3] ?? '').padEnd(9, '0'));
  return parts[1] ? -nano : nano;
}

export const isZero = (amount: string) => toNano(amount) === 0n;

export const isNegative = (amount: string) => toNano(amount) < 0n;

export interface Parts {
  sign: '' | '−' | '+';
  /** Digits before the point, in groups of three. */
  whole: string;
  /** All digits after the point, two at least. */
  fraction: string;
}

/** An amount taken apart for display, exactly: nothing is rounded. */
export function parts(amount: string, language: string, signed = false): Parts {
  const nano = toNano(amount);
  const digits = (nano < 0n ? -nano : nano).toString().padStart(10, '0');
  return {
    sign: nano < 0n ? '−' : signed && nano > 0n ? '+' : '',
    whole: digits.slice(0, -9).replace(/\B(?=(\d{3})+$)/g, language === 'ru' ? '\u00a0' : ','),
    fraction: digits.slice(-9).replace(/0{1,7}$/, ''),
  };
}

/** An amount as people write it in their language. */
export function money(amount: string, language: string, signed = false): string {
  const { sign, whole, fraction } = parts(amount, language, signed);
  return language === 'ru' ? `${sign}${whole},${fraction}\u00a0$` : `${sign}$${whole}.${fraction}`;
}

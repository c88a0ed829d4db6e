// Balance over time as a small picture with a sentence that says the same.

import { useId } from 'preact/hooks';
import { money, toNano } from '../money.ts';
import { t } from '../strings.ts';
import { moment } from '../time.ts';

export interface Sample {
  at: string;
  balance: string;
}

const WIDTH = 320;
const HEIGHT = 96;
const EDGE = 4;

/** Samples as points of the picture: a balance holds until the next reading, so the line has steps. */
export function points(samples: readonly Sample[]): [x: number, y: number][] {
  const amounts = samples.map(({ balance }) => toNano(balance));
  const times = samples.map(({ at }) => Date.parse(at));
  const low = amounts.reduce((least, amount) => (amount < least ? amount : least));
  const high = amounts.reduce((most, amount) => (amount > most ? amount : most));
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const room = HEIGHT - 2 * EDGE;
  return amounts.map((amount, at) => [
    last > first ? ((times[at]! - first) / (last - first)) * WIDTH : 0,
    // Whole pixels of a thousand; the amounts themselves stay whole numbers.
    high > low ? EDGE + Number(((high - amount) * 1000n) / (high - low)) * (room / 1000) : HEIGHT / 2,
  ]);
}

const extreme = (samples: readonly Sample[], sign: 1 | -1) =>
  samples.reduce((found, sample) => ((toNano(sample.balance) - toNano(found.balance)) * BigInt(sign) > 0n ? sample : found)).balance;

export function Chart({ samples }: { samples: readonly Sample[] }) {
  const name = useId();
  if (samples.length < 2) return <p class="sub pad">{t.chartEmpty}</p>;
  const [start, ...rest] = points(samples);
  const line = `M${start![0]} ${start![1].toFixed(1)}${rest.map(([x, y]) => `H${x.toFixed(1)}V${y.toFixed(1)}`).join('')}`;
  const say = (amount: string) => money(amount, t.language);
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const [from, to] = [moment(first.at), moment(last.at)];
  const [low, high] = [extreme(samples, -1), extreme(samples, 1)];
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-labelledby={name}>
        <title id={name}>{t.chart(say(first.balance), say(last.balance), say(low), say(high))}</title>
        <path class="area" d={`${line}V${HEIGHT}H0Z`} />
        <path class="stroke" d={line} />
      </svg>
      <figcaption aria-hidden="true">
        {/* A key of the last minute has one moment only. */}
        {from !== to && <span>{from}</span>}
        <span>
          {say(low)} – {say(high)}
        </span>
        <span>{to}</span>
      </figcaption>
    </figure>
  );
}

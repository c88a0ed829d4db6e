// Telegram's theme as the colours of this app. Many themes' own accent, hint and status colours can't
// be read on their cards, so each text colour is moved towards the theme's text until it can.

const FORM = /^#[0-9a-f]{6}$/;
/** Contrast that text needs. */
const READABLE = 4.6;

type Colour = string;
export type ThemeColours = Record<string, Colour>;

const channels = (colour: Colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** A colour on the way from one to another; `share` of 0 is the first, 1 the second. */
export function mix(from: Colour, to: Colour, share: number): Colour {
  const target = channels(to);
  const mixed = channels(from).map((value, at) => Math.round(value + (target[at]! - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast of two colours, 1 to 21. */
export function contrast(one: Colour, other: Colour): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** A colour that can be read on all of these grounds, as near to the wanted one as may be. */
export function readable(wanted: Colour, grounds: Colour[], text: Colour): Colour {
  for (let share = 0; share < 1; share += 0.05) {
    const tried = mix(wanted, text, share);
    if (grounds.every((ground) => contrast(tried, ground) >= READABLE)) return tried;
  }
  return text;
}

const LIGHT = { bg_color: '#ffffff', secondary_bg_color: '#efeff4', text_color: '#000000', hint_color: '#707579', button_color: '#3390ec' };
const DARK = { bg_color: '#18222d', secondary_bg_color: '#131415', text_color: '#ffffff', hint_color: '#b1c3d5', button_color: '#2ea6ff' };

/** The theme parameters that are colours; anything else a client may send is left out. */
export function validColours(theme: Record<string, unknown>): ThemeColours {
  const pairs = Object.entries(theme).map(([name, value]) => [name, String(value).toLowerCase()] as const);
  return Object.fromEntries(pairs.filter(([, value]) => FORM.test(value)));
}

/** The app's own colours for a theme, by the names of its style variables. */
export function palette(theme: Record<string, unknown>, prefersDark: boolean): { colours: ThemeColours; isDark: boolean } {
  const told = validColours(theme);
  const isDark = told.bg_color ? luminance(told.bg_color) < 0.25 : prefersDark;
  const base: ThemeColours = { ...(isDark ? DARK : LIGHT), ...told };
  const text = base.text_color!;
  const page = base.secondary_bg_color!;
  let card = base.section_bg_color ?? base.bg_color!;
  if (contrast(page, card) < 1.04) card = mix(card, text, 0.07);
  const grounds = [page, card];
  const accent = base.accent_text_color ?? base.link_color ?? base.button_color!;
  const tones = {
    accent: accent,
    green: isDark ? '#34c759' : '#1f9d48',
    amber: isDark ? '#ffb340' : '#b87400',
    red: base.destructive_text_color ?? '#ff3b30',
    grey: base.hint_color!,
  };
  const colours: ThemeColours = {
    page,
    card,
    text,
    hint: readable(base.subtitle_text_color ?? base.hint_color!, grounds, text),
    press: mix(card, text, isDark ? 0.1 : 0.06),
    line: base.section_separator_color ?? mix(card, text, 0.12),
    // The fallback of the native button keeps the theme's own text on it.
    button: base.button_color!,
    'button-text': base.button_text_color ?? '#ffffff',
  };
  colours['button'] = readable(colours.button!, [colours['button-text']!], contrast(colours['button-text']!, '#000000') > 5 ? '#000000' : '#ffffff');
  for (const [name, tone] of Object.entries(tones)) {
    const soft = mix(card, tone, isDark ? 0.2 : 0.12);
    colours[`${name}-soft`] = soft;
    colours[name] = readable(tone, [...grounds, soft], text);
  }
  return { colours, isDark };
}

/** Paints the page. Style variables are set one by one, so that no style attribute is in the markup. */
export function paint(theme: Record<string, unknown>): ThemeColours {
  const { colours, isDark } = palette(theme, matchMedia('(prefers-color-scheme: dark)').matches);
  const { style } = document.documentElement;
  for (const [name, colour] of Object.entries(colours)) style.setProperty(`--${name}`, colour);
  style.colorScheme = isDark ? 'dark' : 'light';
  return colours;
}

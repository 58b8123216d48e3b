import { widthOf } from './table.ts';

// Keys come from users: what is printed of them must not move the cursor, or change the terminal's title or colours.

// biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what must not reach a terminal
const HARMFUL = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/gu;

/** The text with control bytes, marks that turn the reading order, and halves of characters spelt out. */
export function printable(text: string): string {
  return text.replace(HARMFUL, (found) => {
    const code = found.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The same, cut to at most `width` columns of a terminal, with an ellipsis for what is left out. */
export function shortened(text: string, width: number): string {
  // No column holds more than a few code units; what lies far behind the cut need not be looked at.
  const whole = printable(text.slice(0, 16 * width + 16));
  if (text.length <= 16 * width + 16 && widthOf(whole) <= width) return whole;
  let cut = '';
  let columns = 0;
  for (const character of whole) {
    columns += widthOf(character);
    if (columns > width - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

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

/** The same, cut to at most `width` characters, with an ellipsis for what is left out. */
export function shortened(text: string, width: number): string {
  const characters = Array.from(printable(text));
  if (characters.length <= width) return characters.join('');
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

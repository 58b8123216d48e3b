// The bytes a hash reads: UTF-8, in a buffer that every hash reuses, so that hashing a key allocates nothing.
// Nothing here awaits, so one buffer cannot be in use twice. A long text gets a buffer of its own.
// The 32-bit view is read as little-endian, which both of Lambda's processors are.

export interface Message {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Length of the text in bytes; what follows in `bytes` is garbage. */
  length: number;
}

/** Room that MD5 may need behind the text for its padding: up to 72 bytes. */
const PADDING_BYTES = 96;
const SHORT_CHARACTERS = 512;
/** A longer text is quicker with the fixed cost of a call into `TextEncoder` than with a loop over its characters. */
const LOOP_CHARACTERS = 20;

const encoder = new TextEncoder();
const shared = createMessage(SHORT_CHARACTERS);

function createMessage(characters: number): Message {
  // One UTF-16 unit is at most three bytes. A whole number of words, for the 32-bit view.
  const buffer = new ArrayBuffer((characters * 3 + PADDING_BYTES + 3) & ~3);
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer), length: 0 };
}

/** Valid until the next call. A lone surrogate becomes U+FFFD, as in `TextEncoder`. */
export function messageOf(text: string): Message {
  const message = text.length <= SHORT_CHARACTERS ? shared : createMessage(text.length);
  message.length = encode(text, message.bytes);
  return message;
}

function encode(text: string, bytes: Uint8Array): number {
  const length = text.length;
  if (length > LOOP_CHARACTERS) return encoder.encodeInto(text, bytes).written;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return encoder.encodeInto(text, bytes).written;
    bytes[i] = unit;
  }
  return length;
}

import { type BinaryHeader, OPCODE } from './binary-frame.ts';

/** Which of extras, key and value a command takes. A request of another shape ends its connection. */
export function hasRightShape(command: number, { keyBytes, extrasBytes, bodyBytes }: BinaryHeader): boolean {
  const valueBytes = bodyBytes - keyBytes - extrasBytes;
  switch (command) {
    case OPCODE.version:
    case OPCODE.noop:
    case OPCODE.quit:
    case OPCODE.saslList:
      return bodyBytes === 0;
    case OPCODE.flush:
      return keyBytes === 0 && valueBytes === 0 && (extrasBytes === 0 || extrasBytes === 4);
    case OPCODE.set:
    case OPCODE.add:
    case OPCODE.replace:
      return extrasBytes === 8 && keyBytes > 0;
    case OPCODE.append:
    case OPCODE.prepend:
    case OPCODE.saslAuth:
    case OPCODE.saslStep:
      return extrasBytes === 0 && keyBytes > 0;
    case OPCODE.get:
    case OPCODE.getKey:
    case OPCODE.delete:
      return extrasBytes === 0 && keyBytes > 0 && valueBytes === 0;
    case OPCODE.increment:
    case OPCODE.decrement:
      return extrasBytes === 20 && keyBytes > 0 && valueBytes === 0;
    case OPCODE.touch:
    case OPCODE.getAndTouch:
    case OPCODE.getAndTouchKey:
      return extrasBytes === 4 && keyBytes > 0;
    case OPCODE.stat:
      return extrasBytes === 0;
    default:
      return true;
  }
}

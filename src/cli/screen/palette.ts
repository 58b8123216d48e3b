import { styleText } from 'node:util';
import type { Environment } from '../../client/resolve-options.ts';
import type { Sink } from '../world.ts';

type Paint = (text: string) => string;

export interface Palette {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly red: Paint;
  readonly cyan: Paint;
}

/** Colours on a terminal, unless `NO_COLOR` is set or it is a dumb one; plain text everywhere else. */
export function paletteOf(sink: Sink, environment: Environment): Palette {
  const coloured = sink.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const paint =
    (style: keyof Palette): Paint =>
    (text) =>
      coloured && text !== '' ? styleText(style, text, { validateStream: false }) : text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    green: paint('green'),
    yellow: paint('yellow'),
    red: paint('red'),
    cyan: paint('cyan'),
  };
}

// The part of CloudWatch's metric math that works on single values: arithmetic, comparisons, IF and FILL.

/** `undefined` is a metric without data. */
type Value = number | undefined;
type Evaluate = (metrics: ReadonlyMap<string, Value>) => Value;

const BINARY: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { '||': (a, b) => Number(a !== 0 || b !== 0) },
  { '&&': (a, b) => Number(a !== 0 && b !== 0) },
  {
    '>=': (a, b) => Number(a >= b),
    '<=': (a, b) => Number(a <= b),
    '==': (a, b) => Number(a === b),
    '!=': (a, b) => Number(a !== b),
    '>': (a, b) => Number(a > b),
    '<': (a, b) => Number(a < b),
  },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => a / b },
];

/** @throws what it does not know, by name. */
export function evaluateExpression(text: string, metrics: ReadonlyMap<string, Value>): Value {
  const tokens = text.match(/\d+(?:\.\d+)?|\w+|[<>=!]=|&&|\|\||[-+*/<>(),]|\S/g) ?? [];
  const parser = new Parser(tokens, text);
  const value = parser.parse()(metrics);
  // A division by zero is no data point.
  return value === undefined || Number.isFinite(value) ? value : undefined;
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #text: string;
  #at = 0;

  constructor(tokens: readonly string[], text: string) {
    this.#tokens = tokens;
    this.#text = text;
  }

  parse(): Evaluate {
    const whole = this.#binary(0);
    if (this.#at < this.#tokens.length) this.#refuse(this.#tokens[this.#at]);
    return whole;
  }

  #binary(level: number): Evaluate {
    const operators = BINARY[level];
    if (operators === undefined) return this.#term();
    let left = this.#binary(level + 1);
    for (;;) {
      const operate = operators[this.#tokens[this.#at] ?? ''];
      if (operate === undefined) return left;
      this.#at += 1;
      const [first, second] = [left, this.#binary(level + 1)];
      left = (metrics) => {
        const [a, b] = [first(metrics), second(metrics)];
        return a === undefined || b === undefined ? undefined : operate(a, b);
      };
    }
  }

  #term(): Evaluate {
    const token = this.#tokens[this.#at++];
    if (token === '(') {
      const inner = this.#binary(0);
      this.#expect(')');
      return inner;
    }
    if (token === '-') {
      const inner = this.#term();
      return (metrics) => {
        const value = inner(metrics);
        return value === undefined ? undefined : -value;
      };
    }
    if (token !== undefined && /^\d/.test(token)) return () => Number(token);
    if (token === undefined || !/^\w/.test(token)) this.#refuse(token);
    if (this.#tokens[this.#at] !== '(') {
      return (metrics) => (metrics.has(token) ? metrics.get(token) : this.#refuse(token));
    }
    return this.#call(token, this.#arguments());
  }

  #arguments(): Evaluate[] {
    const list: Evaluate[] = [];
    do {
      this.#at += 1;
      list.push(this.#binary(0));
    } while (this.#tokens[this.#at] === ',');
    this.#expect(')');
    return list;
  }

  #call(name: string, [first, second, third]: Evaluate[]): Evaluate {
    if (name === 'FILL' && second !== undefined) return (metrics) => first!(metrics) ?? second(metrics);
    if (name === 'IF' && second !== undefined) {
      return (metrics) => (first!(metrics) ? second(metrics) : third?.(metrics));
    }
    return this.#refuse(name);
  }

  #expect(token: string): void {
    if (this.#tokens[this.#at++] !== token) this.#refuse(this.#tokens[this.#at - 1]);
  }

  #refuse(token: string | undefined): never {
    throw new Error(
      `the rehearsal does not understand ${token ?? 'the end'} in the expression ${this.#text}`,
    );
  }
}

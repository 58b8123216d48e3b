import fc from 'fast-check';

/** Commands that are sent on one connection, and where the bytes are cut on their way. */
export interface Batch {
  /** `<cas+n>` stands for the cas unique that was given n stores after the start, `<fill n>` for n bytes. */
  readonly commands: readonly string[];
  /** Positions, in parts of the whole. */
  readonly cuts: readonly number[];
}

interface Command {
  readonly text: string;
  /**
   * What its reply is hangs on what the connection still holds: memcached counts with other digits while an
   * earlier reply of the same batch shows the item.
   */
  readonly opensBatch?: boolean;
  /** Takes unsent replies back, so what is lost hangs on how the bytes are read. */
  readonly uncut?: boolean;
  /** Comes in so many reads that nobody can say what is sent when. */
  readonly alone?: boolean;
}

const LONG_KEY = 'k'.repeat(250);
const TOO_LONG_KEY = 'k'.repeat(251);
/** Several are one another's base64. */
const key = fc.constantFrom('a', 'a', 'b', 'b', 'YQ==', 'Yg==', 'Y=Fh', 'Y===', 'n', LONG_KEY, '\xff\xfe');
/** Far from the end of any of them: nothing expires while the test looks on. */
const ttl = fc.constantFrom(
  '0',
  '0',
  '100',
  '3000',
  '2592000',
  '2592001',
  '2000000000',
  '4102444800',
  '-1',
  '-5',
);
/** Some are numbers after all, but of other ones: TTLs must stay far from their ends. */
const badNumber = fc.constantFrom(
  '',
  'x',
  '1x',
  '-',
  '99999999999999999999999',
  '2147483648',
  '4294967396',
  '9223372036854775808',
  '100\t2',
  '+500',
);
/** None is white space alone: counting with one, memcached reads on behind the item's end. */
const value = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '9',
    '10',
    '99',
    '100',
    '18446744073709551615',
    'abc',
    '-1',
    ' 5',
    '5 ',
    'x\r\n',
    '\0',
  ),
  fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => `_${Buffer.from(bytes).toString('latin1').replaceAll('\n', '_')}`),
);
const cas = fc.constantFrom('0', '1', ...[1, 2, 3, 4, 5, 6].map((n) => `<cas+${n}>`), '18446744073709551615');
const delta = fc.constantFrom('0', '1', '2', '9', '90', '18446744073709551615');
const noreply = fc.constantFrom('', '', '', ' noreply');

const line = (...parts: string[]): string => `${parts.filter((part) => part !== '').join(' ')}\r\n`;

/** A length that is mostly right; a wrong one is shorter, so that what is left is read as commands. */
const block = value.chain((text) =>
  fc.record({
    length: fc.constantFrom(text.length, text.length, text.length, Math.max(0, text.length - 1)),
    text: fc.constant(`${text}\r\n`),
  }),
);

const metaFlag = fc.oneof(
  fc.constantFrom('b', 'c', 'f', 'k', 'q', 's', 't', 'v', 'I', 'h', 'l', 'u', 'k', 't', 'c', 'v'),
  fc.constantFrom('Oab', 'O', `O${'x'.repeat(31)}`, `O${'x'.repeat(32)}`),
  ttl.map((seconds) => `N${seconds}`),
  ttl.map((seconds) => `T${seconds}`),
  fc.constantFrom('R0', 'R30', 'R1000', 'R-1'),
  cas.map((unique) => `C${unique}`),
  fc.constantFrom('F0', 'F7', 'F4294967295', 'F4294967296'),
  fc.constantFrom('MA', 'MP', 'MR', 'ME', 'MS', 'MI', 'MD', 'M+', 'M-', 'MX', 'M', 'Mxx'),
  delta.map((digits) => `D${digits}`),
  delta.map((digits) => `J${digits}`),
  fc
    .record({ letter: fc.constantFrom(...'NTRCFDJ'), number: badNumber })
    .map(({ letter, number }) => letter + number),
  fc.constantFrom('E5', 'S3', 'x', 'P', 'L', '\xe9'),
);
/** Mostly each letter once. */
const metaFlags = fc
  .oneof(
    { weight: 9, arbitrary: fc.uniqueArray(metaFlag, { maxLength: 6, selector: (flag) => flag[0] }) },
    { weight: 1, arbitrary: fc.array(metaFlag, { maxLength: 22 }) },
  )
  .map((flags) => flags.join(' '));

const metaGet = fc
  .record({ key, flags: metaFlags })
  .map(({ key, flags }) => ({ text: line('mg', key, flags) }));
/** Leases: a vivifying read of few keys, again and again. */
const lease = fc
  .record({ key: fc.constantFrom('a', 'b'), more: fc.constantFrom('v', 'v t', 'k c', 'R30 t', 'Oq', 'q v') })
  .map(({ key, more }) => ({ text: line('mg', key, 'N100', more) }));
const metaSet = fc
  .record({ key, block, flags: metaFlags })
  .map(({ key, block, flags }) => ({ text: line('ms', key, String(block.length), flags) + block.text }));
const metaSwap = fc
  .record({
    key: fc.constantFrom('a', 'b'),
    block,
    unique: cas,
    more: fc.constantFrom('', 'I', 'I c', 'T100 I', 'c k'),
  })
  .map(({ key, block, unique, more }) => ({
    text: line('ms', key, String(block.length), `C${unique}`, more) + block.text,
  }));
const metaDelete = fc
  .record({ key, flags: metaFlags })
  .map(({ key, flags }) => ({ text: line('md', key, flags) }));
const invalidate = fc
  .record({ key: fc.constantFrom('a', 'b'), more: fc.constantFrom('', 'T100', 'q', 'Ox k') })
  .map(({ key, more }) => ({ text: line('md', key, 'I', more) }));
const metaArithmetic = fc
  .record({ key, flags: metaFlags })
  .map(({ key, flags }) => ({ text: line('ma', key, flags), opensBatch: true }));
const metaCount = fc
  .record({
    initial: delta,
    step: delta,
    mode: fc.constantFrom('', 'MD', 'q'),
    more: fc.constantFrom('v', 'v c', 't T9999'),
  })
  .map(({ initial, step, mode, more }) => ({
    text: line('ma', 'n', 'N100', `J${initial}`, `D${step}`, mode, more),
    opensBatch: true,
  }));

const storage = fc
  .record({
    command: fc.constantFrom('set', 'set', 'add', 'replace', 'append', 'prepend', 'cas'),
    key,
    flags: fc.constantFrom('0', '5', '4294967295', '4294967296', '-1'),
    ttl: fc.oneof({ weight: 9, arbitrary: ttl }, { weight: 1, arbitrary: badNumber }),
    block,
    cas,
    noreply,
  })
  .map(({ command, key, flags, ttl, block, cas, noreply }) => ({
    text:
      line(command, key, flags, ttl, String(block.length), command === 'cas' ? cas : '', noreply.trim()) +
      block.text,
  }));
const read = fc
  .record({
    command: fc.constantFrom('get', 'gets', 'gat 100', 'gats 0', 'gat -1', 'gat x'),
    keys: fc.array(key, { maxLength: 30 }),
  })
  .map(({ command, keys }) => ({ text: line(command, ...keys) }));
const oneKey = fc
  .record({
    command: fc.oneof(
      fc.constantFrom('delete <key>', 'delete <key> 0', 'delete <key> 5', 'me <key>', 'me <key> b'),
      ttl.map((seconds) => `touch <key> ${seconds}`),
      badNumber.map((number) => `touch <key> ${number}`),
    ),
    key,
    noreply,
  })
  .map(({ command, key, noreply }) => ({ text: `${command.replace('<key>', key)}${noreply}\r\n` }));
const arithmetic = fc
  .record({ command: fc.constantFrom('incr', 'decr'), key, by: fc.oneof(delta, delta, badNumber), noreply })
  .map(({ command, key, by, noreply }) => ({
    text: `${command} ${key} ${by}${noreply}\r\n`,
    opensBatch: true,
  }));

const plain = fc
  .constantFrom(
    ...[
      'mn',
      'mn x',
      'mx',
      'mg',
      'ms',
      'md',
      'ma',
      'me',
      'ms a',
      'ms a x',
      'ms a -1',
      'm',
      '',
      ' ',
      'get',
      'gat 10',
    ],
    ...[
      'gets',
      'touch a',
      'incr a',
      'delete',
      'set',
      'set a 0 0',
      'cas a 0 0 1',
      'bogus',
      'GET a',
      'get\ta',
      '  get  a  ',
    ],
    ...[
      'version',
      'version x',
      'verbosity',
      'verbosity 0',
      'verbosity x',
      'verbosity 0 noreply',
      'flush_all x',
    ],
    ...[
      'flush_all',
      'flush_all 0',
      'flush_all -1',
      'flush_all noreply',
      'flush_all 1 2 3',
      'stats bogus',
      'quit',
    ],
    ...[
      'config get cluster',
      'get a\0b',
      'bget a',
      'shutdown',
      'delete a b c d',
      '\xff',
      'decr a',
      'mg  a   v ',
    ],
    ...[`mg ${TOO_LONG_KEY} v`, `md ${TOO_LONG_KEY}`, `ma ${TOO_LONG_KEY}`, `touch ${TOO_LONG_KEY} 0`],
    ...[
      `incr ${TOO_LONG_KEY} 1`,
      `delete ${TOO_LONG_KEY}`,
      `set ${TOO_LONG_KEY} 0 0 1`,
      `ms ${TOO_LONG_KEY} 1`,
    ],
    ...['mg a \n', 'mg a b v\nmn'],
  )
  .map((text): Command => ({ text: `${text}\r\n` }));
const uncut = fc
  .constantFrom(
    `get a ${TOO_LONG_KEY}\r\n`,
    `gets ${TOO_LONG_KEY} a\r\n`,
    `mg ${'x'.repeat(3000)}\r\n`,
    'y'.repeat(2100),
  )
  .map((text): Command => ({ text, uncut: true }));
const tooLarge = fc
  .constantFrom('set a 0 0 1048517', 'set a 0 0 1048517 noreply', 'add a 1 0 1048513', 'ms a 1048517')
  .map((line): Command => ({ text: `${line}\r\n<fill ${/\d{5,}/.exec(line)![0]}>\r\n`, alone: true }));

/** The life of one lease, over and over, so that its rarer turns come up too. */
const leaseTurn = fc
  .constantFrom(
    ...['mg a N100 v t c', 'mg a N100 v', 'mg a v', 'mg a R1000 v', 'md a I', 'md a I T100', 'md a'],
    ...['ms a 1 T100\r\n1', 'ms a 1 C<cas+2>\r\n2', 'ms a 1 C<cas+1> I\r\n3', 'ms a 1 C<cas+3> I c\r\n4'],
    ...['ms a 1 MA\r\n5', 'set a 0 100 1\r\n6', 'add a 0 0 1\r\n7', 'touch a 3000'],
  )
  .map((text): Command => ({ text: `${text}\r\n` }));

const command: fc.Arbitrary<Command> = fc.oneof(
  ...[
    metaGet,
    metaGet,
    lease,
    lease,
    metaSet,
    metaSet,
    metaSwap,
    metaDelete,
    invalidate,
    metaArithmetic,
    metaCount,
  ],
  ...[leaseTurn, leaseTurn, leaseTurn, storage, storage, read, oneKey, arithmetic, plain],
  { weight: 1, arbitrary: fc.oneof({ weight: 6, arbitrary: uncut }, { weight: 1, arbitrary: tooLarge }) },
);

/** A session: commands that mostly meet the same few items, in one or more connections, one after another. */
export const textSession: fc.Arbitrary<readonly Batch[]> = fc
  .array(
    fc.record({
      command,
      newBatch: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
      cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    }),
    { minLength: 1, maxLength: 40, size: 'max' },
  )
  .map((drawn) => {
    const batches: { commands: string[]; cuts: number[]; whole: boolean; full: boolean }[] = [];
    for (const { command, newBatch, cut } of drawn) {
      const last = batches.at(-1);
      if (last === undefined || last.full || newBatch || command.opensBatch || command.alone) {
        batches.push({ commands: [], cuts: [], whole: false, full: false });
      }
      const batch = batches.at(-1)!;
      batch.commands.push(command.text);
      if (cut !== null) batch.cuts.push(cut);
      if (command.uncut || command.alone) batch.whole = true;
      if (command.alone) batch.full = true;
    }
    return batches.map(({ commands, cuts, whole }) => ({
      commands,
      cuts: whole ? [] : cuts.sort((a, b) => a - b),
    }));
  });

// Ten million random inputs into the reply parser. Say a seed to repeat a run: node test/long/meta-reply.fuzz.ts 7
import { fuzzReplies } from '../support/reply-fuzz.ts';

const INPUTS = 10_000_000;
const SLICE = 500_000;

const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
const start = performance.now();
let replies = 0;
let refused = 0;
for (let done = 0; done < INPUTS; done += SLICE) {
  const seen = fuzzReplies(SLICE, seed + done);
  replies += seen.replies;
  refused += seen.refused;
}
const seconds = ((performance.now() - start) / 1000).toFixed(1);
process.stdout.write(
  `seed ${seed}: ${INPUTS} inputs, ${refused} refused, ${replies} replies, no fault, ${seconds} s\n`,
);

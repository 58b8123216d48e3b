/** What was asked for cannot be rehearsed, whatever the versions are like: the arguments are wrong. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

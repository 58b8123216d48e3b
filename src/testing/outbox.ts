/** The replies to what one connection has read, one entry a reply, until they are handed to the socket. */
export class Outbox {
  #replies: Buffer[] = [];
  #sent = 0;

  push(reply: Buffer): void {
    this.#replies.push(reply);
  }

  /** memcached writes out here: what is queued so far can no longer be taken back. */
  flush(): void {
    this.#sent = this.#replies.length;
  }

  /** Takes back what was not flushed. memcached loses those replies too, to a pipelining client's surprise. */
  dropUnsent(): void {
    this.#replies.length = this.#sent;
  }

  takeAll(): Buffer[] {
    const replies = this.#replies;
    this.#replies = [];
    this.#sent = 0;
    return replies;
  }
}

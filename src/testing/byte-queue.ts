const NEWLINE = 0x0a;

/** Bytes that arrived and were not read yet. Linear in the bytes, however they are split. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Chunks from the front in which there is no newline, and the bytes in them. */
  #searched = 0;
  #searchedBytes = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  firstByte(): number | undefined {
    return this.#chunks[0]?.[0];
  }

  /** The text before the next newline, one character per byte, or undefined while there is none. */
  takeLine(): string | undefined {
    while (this.#searched < this.#chunks.length) {
      const chunk = this.#chunks[this.#searched]!;
      const at = chunk.indexOf(NEWLINE);
      if (at !== -1) {
        const end = this.#searchedBytes + at;
        return this.take(end + 1)!.toString('latin1', 0, end);
      }
      this.#searched++;
      this.#searchedBytes += chunk.length;
    }
    return undefined;
  }

  /** The next bytes without taking them; fewer where fewer have come. */
  peek(byteLength: number): Buffer {
    if ((this.#chunks[0]?.length ?? 0) < byteLength && this.#chunks.length > 1) {
      this.#chunks = [Buffer.concat(this.#chunks)];
      this.#restartSearch();
    }
    return this.#chunks[0]?.subarray(0, byteLength) ?? Buffer.alloc(0);
  }

  /** Exactly so many bytes, or undefined while they have not all come. */
  take(byteLength: number): Buffer | undefined {
    if (byteLength > this.#length) return undefined;
    const taken: Buffer[] = [];
    let missing = byteLength;
    let index = 0;
    while (missing > 0) {
      const chunk = this.#chunks[index]!;
      if (chunk.length > missing) {
        taken.push(chunk.subarray(0, missing));
        this.#chunks[index] = chunk.subarray(missing);
        break;
      }
      taken.push(chunk);
      missing -= chunk.length;
      index++;
    }
    this.#chunks.splice(0, index);
    this.#length -= byteLength;
    this.#restartSearch();
    return taken.length === 1 ? taken[0]! : Buffer.concat(taken, byteLength);
  }

  /** Drops up to so many bytes, and tells how many it dropped. */
  skip(byteLength: number): number {
    const dropped = Math.min(byteLength, this.#length);
    let missing = dropped;
    while (missing > 0) {
      const chunk = this.#chunks[0]!;
      if (chunk.length > missing) {
        this.#chunks[0] = chunk.subarray(missing);
        break;
      }
      missing -= chunk.length;
      this.#chunks.shift();
    }
    this.#length -= dropped;
    this.#restartSearch();
    return dropped;
  }

  #restartSearch(): void {
    this.#searched = 0;
    this.#searchedBytes = 0;
  }
}

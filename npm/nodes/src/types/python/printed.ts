/** What the code of one node after the other prints on a stream, told apart by a mark that the process writes in between. */

/** Bytes that are kept of what one node prints. */
const MOST_KEPT = 1024 * 1024;

/** What the code of a node printed. */
export interface Printed {
  text: string;
  /** Bytes that were not kept. */
  lost: number;
}

/** Splits one stream of the process into the parts of its nodes, and keeps the first bytes of each. */
export class PrintedParts {
  readonly #mark: Buffer;
  #kept: Buffer[] = [];
  #size = 0;
  #lost = 0;
  /** The end of what came, which may be the beginning of a mark. */
  #open = Buffer.alloc(0);
  #tell: ((printed: Printed) => void) | undefined;
  #done: Printed | undefined;

  constructor(mark: string) {
    this.#mark = Buffer.from(mark, "latin1");
  }

  /** Takes a piece as it comes; gives what of it the code printed. */
  take(piece: Buffer): Buffer {
    let rest = Buffer.concat([this.#open, piece]);
    let shown = rest;
    for (let at = rest.indexOf(this.#mark); at >= 0; at = rest.indexOf(this.#mark)) {
      this.#keep(rest.subarray(0, at));
      this.#end();
      rest = rest.subarray(at + this.#mark.length);
      shown = rest;
    }
    const open = Math.min(rest.length, this.#mark.length - 1);
    this.#keep(rest.subarray(0, rest.length - open));
    this.#open = Buffer.from(rest.subarray(rest.length - open));
    return shown;
  }

  /** What was printed up to the mark that comes next, or has come since the last call. */
  next(): Promise<Printed> {
    const done = this.#done;
    this.#done = undefined;
    if (done !== undefined) return Promise.resolve(done);
    return new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  /** The end of what was printed without a mark behind it. */
  tail(length: number): string {
    return Buffer.concat([...this.#kept, this.#open])
      .toString("utf8")
      .trim()
      .slice(-length);
  }

  #keep(piece: Buffer): void {
    const kept = piece.subarray(0, MOST_KEPT - this.#size);
    this.#size += kept.length;
    this.#lost += piece.length - kept.length;
    // A copy, so that a few bytes do not hold a large buffer.
    if (kept.length > 0) this.#kept.push(Buffer.from(kept));
  }

  #end(): void {
    const printed = { text: Buffer.concat(this.#kept).toString("utf8"), lost: this.#lost };
    this.#kept = [];
    this.#size = this.#lost = 0;
    const tell = this.#tell;
    this.#tell = undefined;
    if (tell === undefined) this.#done = printed;
    else tell(printed);
  }
}

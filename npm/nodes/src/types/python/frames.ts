/** Frames between a node and its Python process: four bytes of length, one byte of kind, and JSON text. See `host.py`. */

const HEAD = 5;

/** One frame. */
export interface Frame {
  /** One letter. */
  kind: string;
  text: string;
}

/** A frame as it is written. */
export function frameOf(kind: string, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEAD + length);
  frame.writeUInt32BE(length, 0);
  frame.write(kind, 4, "latin1");
  frame.write(text, HEAD);
  return frame;
}

/** Puts frames together from pieces as they come. */
export class FrameReader {
  readonly #pieces: Buffer[] = [];
  #held = 0;
  /** Bytes of text that may still come; to be set before each answer. */
  room = 0;

  /**
   * The frames that a piece completes. Nothing is kept of one that says that it is longer than there is room.
   *
   * @throws RangeError where the frames are longer than there is room
   */
  *take(piece: Buffer): Generator<Frame, void, undefined> {
    this.#pieces.push(piece);
    this.#held += piece.length;
    while (this.#held >= HEAD) {
      const head = this.#joined(HEAD);
      const length = head.readUInt32BE(0);
      if (length > this.room) throw new RangeError(`a frame of ${length} bytes`);
      if (this.#held < HEAD + length) return;
      const whole = this.#joined(HEAD + length);
      this.room -= length;
      const rest = whole.subarray(HEAD + length);
      this.#pieces.splice(0, 1, ...(rest.length > 0 ? [rest] : []));
      this.#held -= HEAD + length;
      yield { kind: whole.toString("latin1", 4, HEAD), text: whole.toString("utf8", HEAD, HEAD + length) };
    }
  }

  /** The first piece, made at least this long out of those behind it. */
  #joined(length: number): Buffer {
    const [first] = this.#pieces;
    if (first !== undefined && first.length >= length) return first;
    const all = Buffer.concat(this.#pieces);
    this.#pieces.length = 0;
    this.#pieces.push(all);
    return all;
  }
}

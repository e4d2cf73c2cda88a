/** Messages over a pipe: each with its length before it, so that what is too long is refused before it is read. */
import type { Duplex } from "node:stream";
import { deserialize, serialize } from "node:v8";

const HEADER_BYTES = 4;

/** A message of 2 GiB or more cannot be one buffer. */
const LONGEST = 2 ** 31 - 1;

/** Sends a message. Throws what cannot be cloned. */
export function sendFrame(pipe: Duplex, message: unknown): void {
  const body = serialize(message);
  if (body.length > LONGEST) throw new RangeError(`a message of ${body.length} bytes is too long`);
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(body.length);
  pipe.cork();
  pipe.write(header);
  pipe.write(body);
  pipe.uncork();
}

/**
 * Takes messages as they come.
 *
 * @param most bytes of one message
 * @param refused told of one that is longer, that cannot be read, or that `take` throws at; none is taken after it
 */
export function takeFrames<M>(
  pipe: Duplex,
  take: (message: M) => void,
  most: number,
  refused: (why: string, isLong: boolean) => void,
): void {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = HEADER_BYTES;
  let isBody = false;
  const gathered = (): Buffer => {
    const all = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, held);
    chunks = all.length > wanted ? [all.subarray(wanted)] : [];
    held = all.length - wanted;
    return all.subarray(0, wanted);
  };
  const listen = (chunk: Buffer) => {
    chunks.push(chunk);
    held += chunk.length;
    while (held >= wanted) {
      const bytes = gathered();
      const isMessage = isBody;
      isBody = !isBody;
      if (!isMessage) {
        wanted = bytes.readUInt32LE();
        if (wanted <= most) continue;
        pipe.off("data", listen);
        pipe.resume();
        return refused(`a message of ${wanted} bytes, more than ${most}`, true);
      }
      wanted = HEADER_BYTES;
      let message: M;
      try {
        message = deserialize(bytes) as M;
      } catch {
        pipe.off("data", listen);
        pipe.resume();
        return refused("a message that cannot be read", false);
      }
      try {
        take(message);
      } catch {
        pipe.off("data", listen);
        pipe.resume();
        return refused("a message that cannot be taken", false);
      }
    }
  };
  pipe.on("data", listen);
}

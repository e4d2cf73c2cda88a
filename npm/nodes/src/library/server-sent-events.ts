/** Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html, as far as their data. */
import { NodeError } from "../contract/error.js";

/** Characters that one event may have. */
const LONGEST_EVENT = 4 * 1024 * 1024;

/**
 * The data of each event of a body. A reader that stops early ends the request.
 *
 * @throws NodeError MEMORY_LIMIT_EXCEEDED for an event of more than 4 million characters
 */
export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  let size = 0;
  try {
    for (let isOver = false; !isOver; ) {
      const { done, value } = await reader.read();
      isOver = done;
      // A line feed may follow a carriage return in the next piece.
      const lines = `${rest}${done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true })}`.split(
        /\r\n|\n|\r(?!$)/,
      );
      rest = lines.pop() as string;
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield data.join("\n");
          [data, size] = [[], 0];
        } else if (line.startsWith("data:")) {
          data.push(line.slice(line[5] === " " ? 6 : 5));
          size += line.length;
        }
      }
      if (size + rest.length > LONGEST_EVENT) {
        throw new NodeError("MEMORY_LIMIT_EXCEEDED", `An event has more than ${LONGEST_EVENT} characters`, {
          retry: false,
        });
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** A client of the stream of events, for tests. */
import { get, type IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";
import { keyOf } from "./serving.js";

/** One event of a stream. */
export interface Told {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

/** Listens to a stream of events. */
export async function listening(apiUrl: string, query = "", headers: Record<string, string> = {}) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = get(
      `${apiUrl}/events${query}`,
      { headers: { authorization: `Bearer ${keyOf("viewer")}`, ...headers }, agent: false },
      resolve,
    );
    asked.on("error", reject);
    onTestFinished(() => void asked.destroy());
  });
  response.setEncoding("utf8");
  const told: Told[] = [];
  let begun = (_id: string) => {};
  const first = new Promise<string>((resolve) => {
    begun = resolve;
  });
  const waiting = new Set<() => void>();
  let text = "";
  let isOver = false;
  const heard = () => {
    for (const check of [...waiting]) check();
  };
  response.on("data", (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
      begun(field("id"));
      if (field("event") !== "") told.push({ event: field("event"), id: field("id"), data: JSON.parse(field("data")) });
    }
    heard();
  });
  response.on("error", () => {});
  const ended = new Promise<void>((resolve) =>
    response.on("close", () => {
      isOver = true;
      heard();
      resolve();
    }),
  );
  let taken = 0;
  return {
    response,
    told,
    ended,
    /** The id from which a client goes on that had no event. */
    first,
    /** The next event. */
    next: () =>
      new Promise<Told>((resolve, reject) => {
        const check = () => {
          if (told.length <= taken && !isOver) return;
          waiting.delete(check);
          if (told.length > taken) resolve(told[taken++] as Told);
          else reject(new Error("The stream ended"));
        };
        waiting.add(check);
        check();
      }),
  };
}

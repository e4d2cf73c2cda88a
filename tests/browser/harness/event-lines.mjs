/** Numbered events, one line of them for each client, which goes on across its connections. */

import { randomUUID } from "node:crypto";

/** `tell(event)` tells every client; `greet(say)` begins a connection. */
export function createEventLines() {
  const lines = new Map();

  return {
    tell({ channel, event, data }) {
      for (const line of lines.values()) {
        const message = { type: "event", channel, event, data, seq: line.told.length + 1 };
        line.told.push(message);
        line.say?.(message);
      }
    },

    /** `resume` is what the client says; `close` ends the connection, not the line. */
    greet(say) {
      let session = randomUUID();
      lines.set(session, { told: [], say });
      say({ type: "hello", session, version: 1, heartbeat: 1000 });
      return {
        resume(message) {
          const earlier = lines.get(message.session);
          if (earlier !== undefined) {
            lines.delete(session);
            session = message.session;
            earlier.say = say;
          }
          say({ type: "hello", session, version: 1 });
          for (const event of earlier?.told.slice(message.seq) ?? []) say(event);
        },
        close() {
          const line = lines.get(session);
          if (line?.say === say) line.say = undefined;
        },
      };
    },
  };
}

/** Events as `text/event-stream`, for clients that only listen. */
import { messageOf } from "@atomiton/values";
import { createLog } from "../engine/log.js";
import { ClientEventSender } from "./client-event-sender.js";
import type { EventLog, LoggedEvent } from "./event-log.js";
import type { FindMissed } from "./stored-events.js";

/** How often something is sent where nothing happens, so that no proxy takes the connection for dead, in ms. */
const HEARTBEAT_MS = 15_000;

/** What the `id` of an event is: the sequence and the number, as `Last-Event-ID` brings it back. */
const LAST = /^(.+):(\d+)$/;

/** An event that is no part of the sequence. */
export interface LastEvent {
  event: string;
  /** JSON. */
  data: string;
}

/** Where events come from. */
export interface EventSources {
  log: EventLog;
  /** Finds out what a client missed. */
  missed: FindMissed;
}

/**
 * Tells of events, named `<channel>:<event>`, until the client goes or `signal` aborts. One that comes back with the id of the last
 * event that it had is told of all that it missed, or by `transport:gap` that some of that is gone; its data says of which channels
 * nothing is missing all the same (`complete`).
 *
 * @param executionId tells of this execution only
 * @param last what the stream ends with
 * @param isAllowed whether the caller may still listen; asked with each heartbeat, and when sessions have ended. One who may not is
 *   told so by `auth:sessionExpired`
 */
export function eventStream(
  { log, missed }: EventSources,
  {
    lastId,
    executionId,
    last,
    isAllowed,
    onSessionsEnded,
    signal,
  }: {
    lastId?: string | undefined;
    executionId?: string | undefined;
    last?: Promise<LastEvent> | undefined;
    isAllowed(): Promise<boolean>;
    onSessionsEnded(listener: () => void): () => void;
    signal: AbortSignal;
  },
): Response {
  const encoder = new TextEncoder();
  let end: (error?: Error) => void = () => {};
  /** What the queue holds has not left the process. */
  let unsent = 0;
  let drained = () => {};
  /** Whether the one who reads has closed it. */
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOpen = true;
        const write = (text: string) => {
          if (isOpen) controller.enqueue(encoder.encode(text));
          unsent = Math.max(0, -(controller.desiredSize ?? 0));
        };
        const sender = new ClientEventSender(
          log,
          {
            send(event, sent) {
              write(textOf(log, event));
              drained = sent;
            },
            backlog: () => unsent,
            // What is queued is let go of as well.
            giveUp: () => end(new Error("The client does not read")),
          },
          executionId === undefined ? undefined : (event) => event.executionId === executionId,
        );
        const look = async () => {
          if (await isAllowed()) return;
          write("event: auth:sessionExpired\ndata: {}\n\n");
          end();
        };
        const beat = () => {
          write(": \n\n");
          void look();
        };
        const endListening = onSessionsEnded(() => void look());
        const timer = setInterval(beat, HEARTBEAT_MS);
        timer.unref();
        const abort = () => end();
        end = (error) => {
          if (!isOpen) return;
          isOpen = false;
          clearInterval(timer);
          endListening();
          sender.stop();
          signal.removeEventListener("abort", abort);
          if (isCancelled) return;
          if (error === undefined) controller.close();
          else controller.error(error);
        };
        if (signal.aborted) return end();
        signal.addEventListener("abort", abort);
        last?.then(({ event, data }) => {
          // What is told with the next turn of the event loop comes before it.
          setImmediate(() => {
            write(`event: ${event}\ndata: ${data}\n\n`);
            end();
          });
        }, end);
        // The first line makes headers go out. The id is for those that come back before they had any event.
        if (!lastId) {
          write(`: \nid: ${log.session}:${log.now}\n\n`);
          return sender.start();
        }
        write(": \n\n");
        const [, session, number] = LAST.exec(lastId) ?? [];
        const position = log.positionOf(session, Number(number));
        missed(position, executionId).then(
          (find) => {
            if (!isOpen) return;
            const { events, complete } = find();
            if (complete !== undefined) {
              // Who comes back with the id of the gap has missed what follows it.
              const from = events.length === 0 ? log.now : (position?.seq ?? log.now);
              write(`event: transport:gap\nid: ${log.session}:${from}\ndata: ${JSON.stringify({ complete })}\n\n`);
            }
            sender.start(events);
          },
          (error) => {
            createLog().error(`What a client missed could not be read: ${messageOf(error)}`);
            // It may come back.
            end();
          },
        );
      },
      pull(controller) {
        unsent = Math.max(0, -(controller.desiredSize ?? 0));
        drained();
      },
      cancel() {
        isCancelled = true;
        end();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" };
  return new Response(body, { headers });
}

function textOf({ session }: EventLog, { seq, channel, event, data }: LoggedEvent): string {
  return `event: ${channel}:${event}\nid: ${session}:${seq}\ndata: ${data}\n\n`;
}

/** The emitter of pages does what Node's does. */
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { EventEmitter as PageEmitter } from "../src/events/page-emitter.js";

type Log = (text: string) => void;

/** What happens, in the order in which it happens, with each of the two. */
function both(story: (emitter: EventEmitter, log: Log) => void): { node: string[]; page: string[] } {
  const told = (emitter: EventEmitter) => {
    const lines: string[] = [];
    story(emitter, (text) => lines.push(text));
    return lines;
  };
  return { node: told(new EventEmitter()), page: told(new PageEmitter() as unknown as EventEmitter) };
}

function thrown(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing";
}

const STORIES: Record<string, (emitter: EventEmitter, log: Log) => void> = {
  "calls listeners in order, those put in front first": (emitter, log) => {
    emitter.on("a", (...args) => log(`1 ${args}`));
    emitter.addListener("a", (...args) => log(`2 ${args}`));
    emitter.prependListener("a", (...args) => log(`0 ${args}`));
    log(String(emitter.emit("a", "x", 7)));
    log(String(emitter.emit("b")));
  },
  "calls a listener once, wherever it stands": (emitter, log) => {
    emitter.once("a", () => log("once"));
    emitter.prependOnceListener("a", () => log("first, once"));
    emitter.on("a", () => log("always"));
    emitter.emit("a");
    emitter.emit("a");
  },
  "is not called again by a listener that emits itself": (emitter, log) => {
    emitter.once("a", () => {
      log("once");
      emitter.emit("a");
    });
    emitter.emit("a");
  },
  "removes one listener at a time, the last first, and those that are called once": (emitter, log) => {
    const listener = () => log("called");
    const other = () => log("other");
    emitter.on("a", listener);
    emitter.on("a", other);
    emitter.on("a", listener);
    emitter.once("a", listener);
    emitter.off("a", listener);
    emitter.removeListener("a", listener);
    emitter.removeListener("a", () => {});
    emitter.emit("a");
    log(String(emitter.listenerCount("a")));
  },
  "lets listeners come and go while it emits": (emitter, log) => {
    const late = () => log("late");
    const gone = () => log("gone");
    emitter.on("a", () => {
      emitter.on("a", late);
      emitter.off("a", gone);
    });
    emitter.on("a", gone);
    emitter.emit("a");
    emitter.emit("a");
  },
  "tells of its listeners": (emitter, log) => {
    const key = Symbol("key");
    const listener = () => {};
    emitter.once("a", listener);
    emitter.on(key, listener);
    log(String(emitter.eventNames().length));
    log(String(emitter.listeners("a")[0] === listener));
    log(String(emitter.rawListeners("a")[0] === listener));
    log(String(emitter.rawListeners(key)[0] === listener));
    log(String(emitter.listenerCount("b")));
    log(String(emitter.setMaxListeners(3).getMaxListeners()));
  },
  "tells those who listen for listeners": (emitter, log) => {
    emitter.on("newListener", (event, listener) =>
      log(`new ${event} ${listener.name} ${emitter.listenerCount(event)}`),
    );
    // Which function Node names here depends on how many others listen.
    emitter.on("removeListener", (event) => log(`gone ${event} ${emitter.listenerCount(event)}`));
    function named() {}
    emitter.on("a", named);
    emitter.once("a", named);
    emitter.emit("a");
    emitter.off("a", named);
  },
  "forgets listeners, of one event or of all": (emitter, log) => {
    for (const event of ["a", "a", "b", "c"]) emitter.on(event, () => log(event));
    emitter.on("removeListener", (event) => log(`gone ${event}`));
    emitter.removeAllListeners("a");
    emitter.emit("a");
    emitter.removeAllListeners();
    emitter.emit("b");
    log(String(emitter.eventNames().length));
  },
  "throws an error that nobody listens for": (emitter, log) => {
    log(thrown(() => emitter.emit("error", new RangeError("why"))));
    log(thrown(() => emitter.emit("error", "text")));
    emitter.on("error", (error) => log(`heard ${error}`));
    log(thrown(() => emitter.emit("error", "text")));
  },
  "lets what a listener throws through": (emitter, log) => {
    emitter.on("a", () => {
      throw new Error("thrown");
    });
    emitter.on("a", () => log("after"));
    log(thrown(() => emitter.emit("a")));
  },
};

describe("the emitter of pages", () => {
  it.each(Object.entries(STORIES))("%s", (_, story) => {
    const { node, page } = both(story);
    expect(page).toEqual(node);
    expect(node).not.toEqual([]);
  });

  it("calls listeners with itself as this", () => {
    const emitter = new PageEmitter();
    let self: unknown;
    emitter.on("a", function (this: unknown) {
      self = this;
    });
    emitter.emit("a");
    expect(self).toBe(emitter);
  });

  it("refuses what is no function", () => {
    const emitter = new PageEmitter();
    expect(() => emitter.on("a", "text" as never)).toThrow(TypeError);
    expect(() => emitter.once("a", undefined as never)).toThrow(/must be of type function/);
  });
});

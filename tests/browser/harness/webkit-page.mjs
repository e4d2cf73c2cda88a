/** A page of WebKitGTK, with what a tab needs of playwright's. */

import { EventEmitter } from "node:events";

/**
 * The script that such pages run first: it keeps what they complain of, as WebDriver tells nothing of it. Its complaints
 * are read whenever the page answers.
 */
export const WATCH = `
  window.complaints = [];
  const complain = (type, text) => complaints.push({ type, text: String(text) });
  addEventListener("error", ({ error, message }) => complain("pageerror", error?.stack ?? message));
  addEventListener("unhandledrejection", ({ reason }) => complain("pageerror", reason?.stack ?? reason));
  for (const type of ["log", "warn", "error"]) {
    const say = console[type].bind(console);
    console[type] = (...words) => {
      complain(type, words.map(String).join(" "));
      say(...words);
    };
  }`;

/** Runs in the page: what a function returns or throws, as text, and complaints since the last time. */
const CALL = `
  const [argument, done] = arguments;
  const tell = (outcome) => done(JSON.stringify({ ...outcome, complaints: (window.complaints ?? []).splice(0) }));
  const fail = (error) => tell({ error: error?.stack ? error.name + ": " + error.message + "\\n" + error.stack : String(error) });
  Promise.resolve()`;

export class WebKitPage extends EventEmitter {
  #session;
  #handle;
  #isClosed = false;

  constructor(session, handle) {
    super();
    this.#session = session;
    this.#handle = handle;
  }

  static async open(session) {
    return new WebKitPage(session, await session.newPage());
  }

  isClosed() {
    return this.#isClosed;
  }

  async goto(url) {
    await this.#command("POST", "/url", { url });
  }

  async reload() {
    await this.evaluate("0");
    await this.#command("POST", "/refresh", {});
  }

  /** Runs a function, or the text of an expression, in the page. Arguments and results cross as JSON. */
  async evaluate(work, argument) {
    const call = typeof work === "function" ? `(${work})(argument)` : `(${work})`;
    const script = `${CALL}.then(() => ${call}).then((value) => tell({ value }), fail);`;
    const text = await this.#command("POST", "/execute/async", { script, args: [argument ?? null] });
    const { value, error, complaints } = JSON.parse(text);
    for (const { type, text } of complaints) this.#tell(type, text);
    if (error !== undefined) throw new Error(error);
    return value;
  }

  /** Waits until a function returns something truthy in the page. */
  async waitForFunction(condition, argument, { timeout }) {
    const until = `async (argument) => {
      const end = Date.now() + ${timeout};
      for (;;) {
        const found = await (${condition})(argument);
        if (found) return found;
        if (Date.now() > end) throw new Error("timed out");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }`;
    const value = await this.evaluate(`(${until})(argument)`, argument);
    return { jsonValue: async () => value };
  }

  async close() {
    await this.evaluate("0");
    this.#isClosed = true;
    await this.#command("DELETE", "/window");
  }

  #tell(type, text) {
    if (type === "pageerror") this.emit("pageerror", { stack: text });
    else this.emit("console", { type: () => type, text: () => text, location: () => ({ url: "" }) });
  }

  #command(method, path, body) {
    return this.#session.in(this.#handle, method, path, body);
  }
}

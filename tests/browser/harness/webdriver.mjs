/** A session over W3C WebDriver: the few commands that tests need, as requests. */

import { PATIENCE } from "./deadline.mjs";

/**
 * Starts a browser.
 *
 * @param {string} address of the driver
 * @param {object} capabilities that it must have
 */
export async function startSession(address, capabilities) {
  const { sessionId } = await command(address, "POST", "/session", { capabilities: { alwaysMatch: capabilities } });
  const session = new Session(`${address}/session/${sessionId}`);
  await session.begin();
  await session.command("POST", "/timeouts", { script: PATIENCE, pageLoad: PATIENCE });
  return session;
}

class Session {
  #address;
  #home;
  #last = Promise.resolve();

  constructor(address) {
    this.#address = address;
  }

  command(method, path, body) {
    return command(this.#address, method, path, body);
  }

  /** Keeps the page that a browser begins with: a session ends with its last one. */
  async begin() {
    this.#home = await this.command("GET", "/window");
  }

  /** A new page; what it is called in {@link in}. */
  async newPage() {
    return (await this.in(this.#home, "POST", "/window/new", { type: "tab" })).handle;
  }

  /** A command to one page. A session has one current page, so commands follow one another. */
  in(page, method, path, body) {
    return this.#alone(async () => {
      await this.command("POST", "/window", { handle: page });
      return this.command(method, path, body);
    });
  }

  end() {
    return this.command("DELETE", "");
  }

  #alone(work) {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

async function command(address, method, path, body) {
  const response = await fetch(address + path, {
    method,
    headers: { "content-type": "application/json; charset=utf-8" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  return value;
}

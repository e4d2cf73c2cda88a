/** A browser, as far as a sign-in needs one: follows redirects, and keeps cookies by origin. */
import { createHash, randomUUID } from "node:crypto";

/** An answer that is no redirect, or the last one. */
export interface Visited {
  url: URL;
  status: number;
  headers: Headers;
  text: string;
}

export class Browser {
  readonly cookies = new Map<string, Map<string, string>>();
  /** What pages prove themselves by. */
  readonly verifier = randomUUID() + randomUUID();

  /** @param places where sites of tests listen, by their origins */
  constructor(private readonly places: Readonly<Record<string, string>>) {}

  get challenge(): string {
    return createHash("sha256").update(this.verifier).digest("base64url");
  }

  /** Asks for one address. */
  async ask(address: string | URL, headers: Record<string, string> = {}): Promise<Visited> {
    const url = new URL(address);
    const kept = this.cookies.get(url.origin) ?? new Map<string, string>();
    this.cookies.set(url.origin, kept);
    const place = new URL(url.pathname + url.search, this.places[url.origin] ?? url.origin);
    const cookie = [...kept].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(place, {
      redirect: "manual",
      headers: { ...(cookie !== "" && { cookie }), ...headers },
    });
    for (const set of response.headers.getSetCookie()) this.#keep(kept, set, url);
    return { url, status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Goes on from an address until a page is reached that `isEnd` names, or that is no redirect. */
  async go(address: string, isEnd: (url: URL) => boolean = () => false): Promise<Visited> {
    let url = new URL(address);
    for (let count = 0; count < 20; count++) {
      const found = await this.ask(url);
      const to = found.headers.get("location");
      if (to === null) return found;
      url = new URL(to, url);
      if (isEnd(url)) return { ...found, url };
    }
    throw new Error("The browser was sent on and on");
  }

  #keep(kept: Map<string, string>, set: string, url: URL): void {
    const [pair = "", ...attributes] = set.split(";").map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf("="));
    const has = (text: string) => attributes.some((attribute) => attribute.toLowerCase() === text);
    if (has("secure") && url.protocol !== "https:") return;
    if (name.startsWith("__Host-") && !(has("secure") && has("path=/"))) return;
    const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice(8);
    const isOver = has("max-age=0") || (expires !== undefined && Date.parse(expires) < Date.now());
    if (isOver) kept.delete(name);
    else kept.set(name, pair.slice(name.length + 1));
  }
}

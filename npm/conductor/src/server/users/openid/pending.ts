/** Sign-ins at an issuer that are under way: kept by the browsers that began them, in cookies that only this server can read. */
import { hkdfSync } from "node:crypto";
import { type CookieOptions, parse, serialize } from "hono/utils/cookie";
import { decrypted, encrypted } from "../../encrypted-text.js";
import type { Expected } from "./issuer.js";
import type { CheckedOpenId } from "./settings.js";

/** A sign-in that is under way. */
export interface Pending extends Expected {
  /** Where the browser goes at its end. */
  returnTo: string;
  /** SHA-256 of what the page proves itself by, in base64url. */
  challenge: string;
  /** Ms since the epoch. */
  until: number;
}

/** How long a sign-in may take, in ms. */
export const PENDING_MS = 600_000;

/** Sign-ins of one browser at a time, such as those of tabs that come back together. */
const MOST_PENDING = 8;

const NAME = "conductor-openid-";

/** The cookies of an issuer's client. Servers with the same settings read each other's. */
export class PendingCookies {
  readonly #key: Uint8Array;
  readonly #isSecure: boolean;

  constructor({ clientSecret, clientId, issuer, redirectUri }: CheckedOpenId) {
    this.#key = new Uint8Array(
      hkdfSync("sha256", clientSecret, `${issuer} ${clientId}`, "conductor openid cookie", 32),
    );
    this.#isSecure = redirectUri.startsWith("https:");
  }

  /** Values of `Set-Cookie` that keep a sign-in; where a browser has too many, the earlier ones end. */
  keep(request: Request, pending: Pending): string[] {
    const own = Object.keys(cookiesOf(request)).filter((name) => name.startsWith(this.#prefix));
    const ended = own.length < MOST_PENDING ? [] : own.map((name) => this.#cookie(name, "", 0));
    const name = this.#nameOf(pending.state);
    return [...ended, this.#cookie(name, encrypted(JSON.stringify(pending), this.#key, name), PENDING_MS / 1000)];
  }

  /** The sign-in that a browser comes back from; `undefined` where this one began none with such a state, or too long ago. */
  find(request: Request, state: string): Pending | undefined {
    const name = this.#nameOf(state);
    const text = decrypted(cookiesOf(request)[name] ?? "", this.#key, name);
    const pending = text === undefined ? undefined : (JSON.parse(text) as Pending);
    return pending?.state === state && pending.until > Date.now() ? pending : undefined;
  }

  /** The value of `Set-Cookie` that forgets it. */
  forget(state: string): string {
    return this.#cookie(this.#nameOf(state), "", 0);
  }

  get #prefix(): string {
    // Other hosts of the domain can set no cookie of that name.
    return this.#isSecure ? `__Host-${NAME}` : NAME;
  }

  #nameOf(state: string): string {
    return this.#prefix + state.slice(0, 8);
  }

  #cookie(name: string, value: string, maxAge: number): string {
    const options: CookieOptions = { httpOnly: true, sameSite: "Lax", path: "/", secure: this.#isSecure, maxAge };
    return serialize(name, value, options as never);
  }
}

function cookiesOf(request: Request): Record<string, string> {
  return parse(request.headers.get("cookie") ?? "");
}

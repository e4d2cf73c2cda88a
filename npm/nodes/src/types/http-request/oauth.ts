/** Tokens of OAuth 2.0 for programs that act for themselves: the grant of client credentials (RFC 6749, 4.4). */
import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { isPlainObject } from "../../data/input.js";
import { addressOf } from "../../library/http-address.js";
import { answerOf } from "../../library/http-answer.js";
import { exchange } from "../../library/http-client.js";
import { authorize } from "../../library/http-headers.js";
import type { NodeWork } from "../../library/work.js";
import type { Network } from "./network.js";

/** What a server of tokens is asked with. */
export interface ClientCredentials {
  type: "oauth2";
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  scope: string;
  audience: string;
  /** Where the client names itself: in the header `authorization`, or in the body. */
  send: "header" | "body";
}

type Work = Pick<NodeWork<unknown>, "signal" | "explicitTimeout" | "access">;

interface Token {
  value: string;
  /** In ms of the clock. */
  until: number;
}

/** ms before its end at which a token counts as old: it has to last for the request that carries it. */
const MARGIN = 30_000;
/** Tokens that are kept at once, the latest ones. */
const MOST_TOKENS = 1000;
/** Characters of the server's words that a message quotes. */
const LONGEST_WORDS = 200;

const tokens = new Map<string, Token>();
const pending = new Map<string, Promise<unknown>>();

/**
 * A token for these credentials: one that was given before, until it ends, else a new one. Several nodes that want the same at
 * once ask for one.
 *
 * @param refused a token that was not accepted although its time was not over
 * @throws NodeError INVALID_PARAMETERS (the address), EXECUTION_FAILED (the server gives none), DESERIALIZATION_FAILED,
 *   TIMEOUT or CANCELLED; no message holds a secret
 */
export async function tokenFor(
  work: Work,
  network: Network,
  credentials: ClientCredentials,
  refused?: string,
): Promise<string> {
  // The secret belongs to it: who has another one gets no token that this one bought.
  const key = JSON.stringify(credentials);
  for (;;) {
    throwIfAborted(work.signal);
    const kept = tokens.get(key);
    if (kept !== undefined && kept.value !== refused && Date.now() < kept.until) return kept.value;
    const asked = pending.get(key);
    if (asked === undefined) break;
    // If that fails, for a reason that may be its own, this one asks.
    await Promise.race([asked, aborted(work.signal)]);
  }
  const request = requestToken(work, network, credentials);
  const settled = request.then(
    () => {},
    () => {},
  );
  pending.set(key, settled);
  try {
    const token = await request;
    tokens.delete(key);
    tokens.set(key, token);
    for (const oldest of tokens.keys()) {
      if (tokens.size <= MOST_TOKENS) break;
      tokens.delete(oldest);
    }
    return token.value;
  } finally {
    pending.delete(key);
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
}

async function requestToken(work: Work, network: Network, credentials: ClientCredentials): Promise<Token> {
  const { clientId, clientSecret, scope, audience, send } = credentials;
  const url = addressOf(credentials.tokenUrl, "auth.tokenUrl");
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (scope !== "") form.set("scope", scope);
  if (audience !== "") form.set("audience", audience);
  const headers = new Headers({
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
  });
  if (send === "header") {
    authorize(headers, { type: "basic", username: formText(clientId), password: formText(clientSecret) });
  } else {
    form.set("client_id", clientId);
    form.set("client_secret", clientSecret);
  }
  network.check(url, headers);
  const told = new URL(url.origin + url.pathname);
  const asked = Date.now();
  const call = { url, told, headers, body: form.toString(), method: "POST", redirect: "refuse" } as const;
  const { response, value } = await exchange(work, network, call, (response) => answerOf(response));
  if (!response.ok) throw notGiven(response.status, told, value, clientSecret);
  return tokenOf(value, told, asked);
}

function tokenOf(answer: unknown, told: URL, asked: number): Token {
  const { access_token: value, token_type: type, expires_in: lasts } = isPlainObject(answer) ? answer : {};
  if (typeof value !== "string" || value === "") throw strange(told, "has no `access_token`");
  if (typeof type === "string" && type.toLowerCase() !== "bearer")
    throw strange(told, "is of a type other than Bearer");
  const seconds = lasts === undefined || lasts === null ? Number.POSITIVE_INFINITY : Number(lasts);
  if (Number.isNaN(seconds)) throw strange(told, "says with `expires_in` no number of seconds");
  // One that does not say how long it lasts is kept until it is refused.
  return { value, until: asked + seconds * 1000 - MARGIN };
}

function strange(told: URL, what: string): NodeError {
  return new NodeError("DESERIALIZATION_FAILED", `The answer of the token endpoint ${told.href} ${what}`, {
    advice: ["Check `auth.tokenUrl`."],
  });
}

/** The server's own words are told, but for the secret if it repeats that. */
function notGiven(status: number, told: URL, answer: unknown, secret: string): NodeError {
  const { error, error_description: description } = isPlainObject(answer) ? answer : {};
  const words = [error, description]
    .filter((text) => typeof text === "string" && text !== "")
    .join(": ")
    .replaceAll(secret, "***")
    .slice(0, LONGEST_WORDS);
  const isWorthATry = status >= 500 || status === 408 || status === 429;
  return new NodeError(
    "EXECUTION_FAILED",
    `The token endpoint ${told.href} answers ${status}${words === "" ? "" : `: ${words}`}`,
    { advice: ["Check `clientId`, `clientSecret` and `scope` of `auth`."], ...(!isWorthATry && { retry: false }) },
  );
}

/** Text as it stands in a form: so the specification wants names and secrets of clients in the header. */
function formText(text: string): string {
  return new URLSearchParams({ _: text }).toString().slice(2);
}

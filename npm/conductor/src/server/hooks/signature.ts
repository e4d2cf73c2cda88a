/** Signatures of requests: whether one was made with a secret of the webhook. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { standardWebhookKey } from "@atomiton/nodes/executables";

/** How a sender signs, as the node says it. */
export interface SignatureSettings {
  scheme: "github" | "stripe" | "slack" | "standard" | "hmac";
  header?: string;
  algorithm?: "sha256" | "sha1" | "sha512";
  encoding?: "hex" | "base64";
  prefix?: string;
  /** Where the time is that is signed with the body, in seconds since 1970. */
  timestampHeader?: string;
}

/** What is signed, and where the signature is. */
export interface SignedRequest {
  headers: Headers;
  body: Uint8Array;
  /** ms since the epoch. */
  now: number;
  /** How old a request may be, in ms. */
  tolerance: number;
}

/** Signatures in one header that are looked at. */
const MOST_SIGNATURES = 20;

/** What signatures are made with. */
export type Key = string | Uint8Array;

/**
 * The key of a secret.
 *
 * @throws Error for one of Standard Webhooks that is no base64; no part of it is told
 */
export function keyOf(secret: string, { scheme }: Pick<SignatureSettings, "scheme">): Key {
  return scheme === "standard" ? standardWebhookKey(secret) : secret;
}

/** Whether the request was signed with one of the keys, not too long ago where the time is signed as well. */
export function isSigned(request: SignedRequest, settings: SignatureSettings, keys: readonly Key[]): boolean {
  const { headers, body } = request;
  switch (settings.scheme) {
    case "github":
      return isAny([headers.get("x-hub-signature-256")], keys, (key) => `sha256=${hmac(key, "sha256", "hex", body)}`);
    case "slack": {
      const timestamp = headers.get("x-slack-request-timestamp") ?? "";
      if (!isRecent(timestamp, request)) return false;
      const signed = [`v0:${timestamp}:`, body] as const;
      return isAny([headers.get("x-slack-signature")], keys, (key) => `v0=${hmac(key, "sha256", "hex", ...signed)}`);
    }
    case "stripe": {
      const parts = (headers.get("stripe-signature") ?? "").split(",").map((part) => part.trim().split("=", 2));
      const timestamp = parts.find(([name]) => name === "t")?.[1] ?? "";
      if (!isRecent(timestamp, request)) return false;
      const found = parts.filter(([name]) => name === "v1").map(([, value]) => value);
      return isAny(found, keys, (key) => hmac(key, "sha256", "hex", `${timestamp}.`, body));
    }
    case "standard": {
      const timestamp = headers.get("webhook-timestamp") ?? "";
      if (!isRecent(timestamp, request)) return false;
      const found = (headers.get("webhook-signature") ?? "").split(" ");
      const start = `${headers.get("webhook-id") ?? ""}.${timestamp}.`;
      return isAny(found, keys, (key) => `v1,${hmac(key, "sha256", "base64", start, body)}`);
    }
    case "hmac": {
      const { header = "", algorithm = "sha256", encoding = "hex", prefix = "", timestampHeader } = settings;
      const timestamp = timestampHeader === undefined ? undefined : (headers.get(timestampHeader) ?? "");
      if (timestamp !== undefined && !isRecent(timestamp, request)) return false;
      const start = timestamp === undefined ? "" : `${timestamp}.`;
      const given = headers.get(header) ?? "";
      if (!given.startsWith(prefix)) return false;
      const digest = given.slice(prefix.length);
      // Senders write hexadecimal digits in either case.
      const found = encoding === "hex" ? digest.toLowerCase() : digest;
      return isAny([found], keys, (key) => hmac(key, algorithm, encoding, start, body));
    }
  }
}

/** Headers with signatures, which do not get into executions. */
export function signatureHeaders(settings: SignatureSettings | undefined): string[] {
  const known = [
    "x-hub-signature",
    "x-hub-signature-256",
    "stripe-signature",
    "x-slack-signature",
    "webhook-signature",
  ];
  return settings?.header === undefined ? known : [...known, settings.header.toLowerCase()];
}

/** The name that the sender has for this delivery, which stays the same when it sends it again. */
export function deliveryOf(headers: Headers, scheme: string | undefined, body: unknown): string | undefined {
  const names = { github: "x-github-delivery", standard: "webhook-id" } as const;
  const { id, event_id: event } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const signed = scheme === "stripe" ? id : scheme === "slack" ? event : undefined;
  // What is signed goes first: a header that is not would let a request that was listened to begin executions again.
  if (typeof signed === "string" && signed !== "") return signed;
  const own = headers.get(names[scheme as keyof typeof names] ?? "idempotency-key");
  return own || headers.get("idempotency-key") || undefined;
}

function isAny(
  found: readonly (string | null | undefined)[],
  keys: readonly Key[],
  make: (key: Key) => string,
): boolean {
  const given = found.filter((text) => typeof text === "string" && text !== "").slice(0, MOST_SIGNATURES) as string[];
  let isSame = false;
  // All are looked at, so that the time it takes does not tell which one fits.
  for (const key of keys) {
    const expected = make(key);
    for (const text of given) if (isEqual(text, expected)) isSame = true;
  }
  return isSame;
}

function isEqual(text: string, expected: string): boolean {
  const [one, other] = [Buffer.from(text), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** A time in seconds that is neither too old nor too far ahead. */
function isRecent(timestamp: string, { now, tolerance }: SignedRequest): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(now - Number(timestamp) * 1000) <= tolerance;
}

function hmac(
  key: Key,
  algorithm: string,
  encoding: "hex" | "base64",
  ...parts: readonly (string | Uint8Array)[]
): string {
  const digest = createHmac(algorithm, key);
  for (const part of parts) digest.update(part);
  return digest.digest(encoding);
}

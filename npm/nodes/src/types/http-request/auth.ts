/** Who asks: the forms of `auth`. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { type Credentials, textsOf } from "../../library/http-headers.js";
import { jsonObject } from "../../library/json-parameter.js";
import type { ClientCredentials } from "./oauth.js";

/** A key that goes into a header or into the query under a name of its own. */
export interface ApiKey {
  type: "apiKey";
  name: string;
  value: string;
  in: "header" | "query";
}

/** What `auth` may be. */
export type Auth = Credentials | ApiKey | ClientCredentials;

/** The keys of each form beside `type`. */
const KEYS: Readonly<Record<Auth["type"], readonly string[]>> = {
  basic: ["username", "password"],
  bearer: ["token"],
  apiKey: ["name", "value", "in"],
  oauth2: ["tokenUrl", "clientId", "clientSecret", "scope", "audience", "send"],
};

/**
 * Reads `auth`; `undefined` where the node has no `auth`.
 *
 * @throws NodeError INVALID_PARAMETERS for any other form; its message repeats no secret
 */
export function authOf(given: unknown): Auth | undefined {
  if (given === undefined || given === null) return undefined;
  const auth = jsonObject(given, "auth");
  const { type } = auth;
  if (typeof type !== "string" || !Object.hasOwn(KEYS, type)) {
    const types = Object.keys(KEYS).map((name) => JSON.stringify(name));
    throw refused("auth.type", `must be one of ${types.join(", ")}`, foundText(type));
  }
  const allowed = KEYS[type as Auth["type"]];
  const strange = Object.keys(auth).filter((key) => key !== "type" && !allowed.includes(key));
  if (strange.length > 0) {
    throw refused("auth", `of type "${type}" may have ${allowed.join(", ")}`, strange.join(", "));
  }
  switch (type as Auth["type"]) {
    case "bearer":
      return { type: "bearer", token: textOf(auth, "token") };
    case "basic":
      return { type: "basic", username: textOf(auth, "username", ""), password: textOf(auth, "password", "") };
    case "apiKey":
      return {
        type: "apiKey",
        name: textOf(auth, "name"),
        value: textOf(auth, "value"),
        in: placeOf(auth, "in", "query"),
      };
    case "oauth2":
      return {
        type: "oauth2",
        tokenUrl: textOf(auth, "tokenUrl"),
        clientId: textOf(auth, "clientId"),
        clientSecret: textOf(auth, "clientSecret"),
        scope: Array.isArray(auth["scope"])
          ? textsOf(auth["scope"], "auth.scope").join(" ")
          : textOf(auth, "scope", ""),
        audience: textOf(auth, "audience", ""),
        send: placeOf(auth, "send", "body"),
      };
  }
}

/** Text under a key; a number counts as its digits, since files may hold it without quotes. */
function textOf(auth: Record<string, unknown>, key: string, absent?: string): string {
  const value = auth[key] ?? absent;
  if (typeof value === "number") return String(value);
  if (typeof value === "string" && (value !== "" || absent !== undefined)) return value;
  // What was found may be a secret in the wrong place.
  const found = value === undefined ? "nothing" : value === "" ? "empty text" : kindText(value);
  throw refused(`auth.${key}`, "must be text", found);
}

function kindText(value: unknown): string {
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function placeOf<T extends string>(auth: Record<string, unknown>, key: string, other: T): "header" | T {
  const place = auth[key] ?? "header";
  if (place === "header" || place === other) return place as "header" | T;
  throw refused(`auth.${key}`, `must be "header" or "${other}"`, foundText(place));
}

function refused(name: string, rule: string, found: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", `\`${name}\` ${rule}, found ${found}`);
}

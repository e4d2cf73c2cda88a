/** Headers of requests and of answers. */
import { NodeError } from "../contract/error.js";
import { foundText } from "../contract/issues.js";
import { toBase64 } from "../data/base64.js";
import { jsonObject } from "./json-parameter.js";

/** What goes into the header `authorization`. */
export type Credentials =
  | { type: "bearer"; token: string }
  | {
      type: "basic";
      username: string;
      password: string;
    };

/**
 * Headers out of an object, or the JSON text of one; empty values are left out, and a list adds its header several times.
 *
 * @throws NodeError INVALID_PARAMETERS naming the header
 */
export function headersOf(given: unknown): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(jsonObject(given, "headers"))) {
    for (const text of textsOf(value, `headers.${name}`)) {
      try {
        headers.append(name, text);
      } catch (error) {
        throw new NodeError("INVALID_PARAMETERS", `The header ${JSON.stringify(name)} is not valid`, { cause: error });
      }
    }
  }
  return headers;
}

/**
 * A value of a header or of a query as text, or each value of a list; `null` and `undefined` give no value.
 *
 * @throws NodeError INVALID_PARAMETERS for an object, which would be sent as `[object Object]`
 */
export function textsOf(value: unknown, name: string): string[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value])
    .filter((one) => one !== undefined && one !== null)
    .map((one) => {
      if (["string", "number", "boolean", "bigint"].includes(typeof one)) return String(one);
      throw new NodeError(
        "INVALID_PARAMETERS",
        `\`${name}\` must be text, a number, true or false, or a list of these, found ${foundText(one)}`,
      );
    });
}

/** Sets the header `authorization`; without credentials it sets nothing. */
export function authorize(headers: Headers, credentials: Credentials | undefined): void {
  if (credentials === undefined) return;
  if (credentials.type === "bearer") {
    setSecret(headers, "authorization", `Bearer ${credentials.token}`);
    return;
  }
  const bytes = new TextEncoder().encode(`${credentials.username}:${credentials.password}`);
  headers.set("authorization", `Basic ${toBase64(bytes)}`);
}

/**
 * Sets a header whose value is a secret.
 *
 * @throws NodeError INVALID_PARAMETERS where it cannot be sent; neither the message nor a cause repeats it
 */
export function setSecret(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value);
  } catch {
    throw new NodeError("INVALID_PARAMETERS", "The token cannot be sent in a header");
  }
}

/** The headers of an answer as an object. Several cookies are a list, because they cannot be told apart in one text. */
export function headersObject(headers: Headers): Record<string, string | string[]> {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 1 && { "set-cookie": cookies }) };
}

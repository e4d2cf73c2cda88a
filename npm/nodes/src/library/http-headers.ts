/** Headers of requests. */
import { NodeError } from "../contract/error.js";
import { toBase64 } from "../data/base64.js";
import { isPlainObject } from "../data/input.js";
import { jsonObject } from "./json-parameter.js";

/**
 * Headers out of an object, or the JSON text of one; empty values are left out.
 *
 * @throws NodeError INVALID_PARAMETERS naming the header
 */
export function headersOf(given: unknown): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(jsonObject(given, "headers"))) {
    if (value === undefined || value === null) continue;
    try {
      headers.set(name, String(value));
    } catch (error) {
      throw new NodeError("INVALID_PARAMETERS", `The header ${JSON.stringify(name)} is not valid`, { cause: error });
    }
  }
  return headers;
}

/** Adds `{ type: "bearer", token }` or `{ type: "basic", username, password }`; anything else adds nothing. */
export function authorize(headers: Headers, auth: unknown): void {
  if (!isPlainObject(auth)) return;
  const { type, username, password, token } = auth;
  if (type === "bearer") {
    try {
      headers.set("authorization", `Bearer ${String(token)}`);
    } catch {
      // Neither the message nor the cause may repeat the token.
      throw new NodeError("INVALID_PARAMETERS", "The token cannot be sent in a header");
    }
  }
  if (type === "basic") {
    const credentials = new TextEncoder().encode(`${String(username ?? "")}:${String(password ?? "")}`);
    headers.set("authorization", `Basic ${toBase64(credentials)}`);
  }
}

import { trigger } from "../../library/trigger.js";
import { webhook } from "./definition.js";

/**
 * Hands on the request for which it fired, as `{method, path, headers, query, body, receivedAt, address}`. In a run by hand the input
 * is a request where it has a `body`, else it is the body. Fails with INVALID_PARAMETERS.
 */
export const webhookNode = trigger(webhook, (input) => ({
  method: "POST",
  path: "",
  headers: {},
  query: {},
  receivedAt: new Date().toISOString(),
  address: "",
  ...(Object.hasOwn(input, "body") ? input : { body: input }),
}));

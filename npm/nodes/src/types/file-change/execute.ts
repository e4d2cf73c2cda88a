import { trigger } from "../../library/trigger.js";
import { fileChange } from "./definition.js";

interface Parameters {
  path: string;
}

/**
 * Hands on the file for which it fired, as `{path, name, event, size, modifiedAt}`; in a run by hand what the input says of a file,
 * else its `path`. Fails with INVALID_PARAMETERS.
 */
export const fileChangeNode = trigger<Parameters>(fileChange, (input, { parameters }) => ({
  path: parameters.path,
  name: "",
  event: "created",
  size: 0,
  modifiedAt: "",
  ...input,
}));

/** In a page, in the place of `schemas.ts`: no arguments are checked there. */
import type { Command } from "./declaration.js";

type NoSchema = Exclude<Command["schema"], undefined>;

const none = undefined as unknown as NoSchema;

export {
  none as deletionSchema,
  none as diffSchema,
  none as executeSchema,
  none as executionSchema,
  none as exportSchema,
  none as importSchema,
  none as forkSchema,
  none as listSchema,
  none as resumeSchema,
  none as requestSchema,
  none as saveSchema,
  none as vacuumSchema,
  none as validateSchema,
  none as valueSchema,
  none as viewSchema,
};

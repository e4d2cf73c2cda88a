/** The part of zod that is used. Imported as a whole, no bundler could leave out the rest. */
export { config, fromJSONSchema } from "zod";

/**
 * What both sides must agree on, as JSON, where it is known without an engine. In Node it is not; in a page
 * `page-known-constants.ts` takes the place of this, so that reading an error's advice loads no engine.
 */
export const knownConstants: string | undefined = undefined;

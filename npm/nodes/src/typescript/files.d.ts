/** swc as WebAssembly, deflated, in base64; see `files-plugin.ts`. */
declare module "typescript:module" {
  const deflated: string;
  export default deflated;
}

/** What calls it: gives its function of an instance of the module. */
declare module "typescript:glue" {
  const start: (module: WebAssembly.Module) => Promise<import("./strip.js").Transform>;
  export default start;
}

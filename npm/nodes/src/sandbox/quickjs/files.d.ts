declare module "quickjs:module" {
  /** Base64 of the deflated WebAssembly module. */
  const text: string;
  export default text;
}

declare module "quickjs:harness" {
  /** JavaScript whose value is what {@link Evaluation} calls. */
  const text: string;
  export default text;
}

declare module "*?script" {
  /** A minified classic script. */
  const text: string;
  export default text;
}

declare module "*?script" {
  /** A minified classic script. */
  const text: string;
  export default text;
}

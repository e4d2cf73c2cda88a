/** The version of the package, which a test compares with `package.json`: pages should not load all of that for it. */
export const version = "0.1.0";

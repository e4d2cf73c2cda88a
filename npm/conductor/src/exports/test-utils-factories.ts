/** Graph states and node definitions for the tests of applications. */
export * from "../test-utils/factories.js";

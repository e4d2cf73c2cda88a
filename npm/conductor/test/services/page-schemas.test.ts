/** What stands for the schemas in a page has each name that declarations import: a build for pages tells of none that is missing. */
import { expect, it } from "vitest";

import * as page from "../../src/services/page-schemas.js";
import * as schemas from "../../src/services/schemas.js";

it("stands for every schema of the services", () => {
  const names = Object.keys(schemas).filter((name) => name.endsWith("Schema"));
  expect(names).toContain("listSchema");
  expect(Object.keys(page).sort()).toEqual(names.sort());
});

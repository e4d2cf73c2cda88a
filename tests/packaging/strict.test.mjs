/** The packed tarballs where a package reaches only what it names itself: each of them has to name all that it needs. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { FLOW, RESULT } from "./page.mjs";
import { createStrictProject, NAMES } from "./strict.mjs";

const RUN = `
  const conductor = createConductor();
  conductor.node.run(${JSON.stringify(FLOW)}).then(({ data, error }) => {
    console.log(JSON.stringify({ result: data?.result, backend: conductor.engine.backend, error: error?.message }));
  });`;

const FILE = `
id: greeting
nodes:
  - { id: words, type: edit-fields, parameters: { values: { text: "Hello, {{name}}" } } }
`;

for (const name of NAMES) {
  describe(`a project installed by ${name}`, () => {
    let project;

    before(async () => {
      project = await createStrictProject(name, { react: "19.3.1", "react-dom": "19.3.1" });
    });

    after(() => project?.remove());

    /** Whatever a program says beside its answer, on stderr too, makes it no JSON. */
    const answer = async (...command) => JSON.parse(await project.exec(...command));

    test("an ES module runs a flow with code of its user, on the addon and without a warning", async () => {
      const file = project.write("module.mjs", `import { createConductor } from "@atomiton/conductor"; ${RUN}`);
      assert.deepEqual(await answer("node", file), { result: RESULT, backend: "native" });
    });

    test("a CommonJS module does", async () => {
      const file = project.write("common.cjs", `const { createConductor } = require("@atomiton/conductor"); ${RUN}`);
      assert.deepEqual(await answer("node", file), { result: RESULT, backend: "native" });
    });

    test("the command runs a flow from a file in YAML, which only the addon reads", async () => {
      const file = project.write("greeting.flow.yaml", FILE);
      const { data } = await answer("conductor", "run", file, "--input", "name=world", "--json", "--quiet");
      assert.deepEqual(data, { result: { text: "Hello, world" } });
    });

    test("the hook of the store finds the application's React", async () => {
      const file = project.write(
        "hook.mjs",
        `import { createElement } from "react";
         import { renderToString } from "react-dom/server";
         import { createConductor } from "@atomiton/conductor";
         const { store } = createConductor().node;
         const Running = () => createElement("b", null, String(store.useStore((state) => state.isExecuting)));
         console.log(JSON.stringify(renderToString(createElement(Running))));`,
      );
      assert.equal(await answer("node", file), "<b>false</b>");
    });
  });
}

/** The owner's setting `files`, from a conductor to the nodes of its flows. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createConductor } from "@atomiton/conductor/node";
import { afterAll, describe, expect, it } from "vitest";

import { group, leaf } from "./contract/flows";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "roots-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "root");
mkdirSync(root);
writeFileSync(join(root, "mine"), "mine");
writeFileSync(join(folder, "secret"), "secret");

const read = (path: string, more: object = {}) => leaf("a", { type: "file-system", parameters: { path, ...more } });

describe("a conductor with roots", () => {
  it.each([[root], [relative(process.cwd(), root)]])("lets nodes use files in %s alone", async (given) => {
    const conductor = createConductor({ files: { roots: [given] } });
    expect((await conductor.flow.run(group("f", [read(join(root, "mine"))]))).data).toMatchObject({ result: "mine" });
    for (const path of [join(folder, "secret"), `${root}/../secret`, "/etc/passwd"]) {
      for (const flow of [group("f", [read(path)]), read(path, { "@atomiton/file-access": { roots: ["/"] } })]) {
        const { success, error } = await conductor.node.run(flow);
        expect([success, error?.code], path).toEqual([false, "INVALID_PARAMETERS"]);
        expect(error?.message).toContain("outside of the folders that nodes may use");
      }
    }
  });

  it("keeps expressions, loops and further tries inside", async () => {
    const conductor = createConductor({ files: { roots: [root] }, maxRetries: 2, retryDelay: 1 });
    const path = "${{ variables.folder + '/secret' }}";
    const flow = {
      ...group("f", [
        { ...group("l", [read(path)]), type: "loop", parameters: { count: 2 } },
        leaf("w", { type: "file-system", parameters: { operation: "write", path, content: "evil" } }),
      ]),
      variables: { folder },
    };
    const { success, error } = await conductor.flow.run(flow);
    expect([success, error?.code]).toEqual([false, "INVALID_PARAMETERS"]);
    expect(readFileSync(join(folder, "secret"), "utf8")).toBe("secret");
  });

  it("has validation tell what leads out", async () => {
    const conductor = createConductor({ files: { roots: [root] } });
    const { warnings } = await conductor.node.validate(group("f", [read(join(folder, "secrets"))]));
    expect(warnings?.join()).toContain("outside of the folders that nodes may use");
    expect(warnings?.join()).not.toContain("`secret`");
  });

  it.each<[unknown, string]>([
    [[root], "must be an object"],
    [{ root }, "may have roots, found root"],
    [{ roots: root }, "must have `roots` as a list of folders"],
    [{ roots: [""] }, "must have `roots` as a list of folders"],
    [{}, "must have `roots` as a list of folders"],
  ])("refuses %j", (files, words) => {
    expect(() => createConductor({ files: files as never })).toThrow(words);
  });

  it("lets no file be used where the list of roots is empty", async () => {
    const { error } = await createConductor({ files: { roots: [] } }).node.run(read(join(root, "mine")));
    expect(error?.code).toBe("INVALID_PARAMETERS");
  });
});

/** Nodes that ask for a process with a label (`runsOn`), and processes that offer some. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../src/exports/node.js";
import { type Conductor, conductorWith, edge, group, leaf } from "./contract/flows.js";

/** A conductor that notes what runs. */
function noting(labels?: readonly string[]): { conductor: Conductor; ran: string[] } {
  const ran: string[] = [];
  const conductor = conductorWith(({ nodeId }) => void ran.push(nodeId), labels === undefined ? {} : { labels });
  return { conductor, ran };
}

const train = { policy: { runsOn: "gpu" } };
const flow = () =>
  group("root", [leaf("a"), group("g", [leaf("b"), leaf("train", train)], [edge("b", "train")])], [edge("a", "g")]);

describe("a flow with a node that asks for a label", () => {
  it("runs where it is offered", async () => {
    const { conductor, ran } = noting(["cpu", "gpu"]);
    expect((await conductor.node.run(flow())).error).toBeUndefined();
    expect(ran).toEqual(["a", "b", "train"]);
  });

  it.each([
    [undefined, "this one offers no labels"],
    [[], "this one offers no labels"],
    [["cpu"], "this one offers the label `cpu` alone"],
    [["cpu", "GPU"], "this one offers the labels `cpu`, `GPU`"],
  ])("is refused before anything runs by one that offers %j", async (labels, offered) => {
    const { conductor, ran } = noting(labels);
    const { success, error, executedNodes } = await conductor.node.run(flow());
    expect({ success, ran }).toEqual({ success: false, ran: [] });
    expect(error).toMatchObject({
      code: "IMPLEMENTATION_NOT_FOUND",
      nodeId: "train",
      context: { path: "/nodes/1/nodes/1/policy/runsOn", nodeId: "train" },
      recovery: { retryable: false },
    });
    expect(error?.message).toContain("The node `train` asks for a process with the label `gpu` (`runsOn`)");
    expect(error?.message).toContain(offered);
    expect(error?.recovery?.suggestions).toEqual([
      'Run it where the label is offered, or offer it here: `--label gpu` on the command line, `createConductor({ labels: ["gpu"] })` in code.',
    ]);
    expect(executedNodes).not.toContain("a");
  });

  it("counts groups, and the flow itself", async () => {
    const { conductor, ran } = noting();
    const ofGroup = group("root", [leaf("a"), group("g", [leaf("b")], [], train)]);
    expect((await conductor.node.run(ofGroup)).error).toMatchObject({ nodeId: "g" });
    const own = group("root", [leaf("a")], [], train);
    expect((await conductor.node.run(own)).error).toMatchObject({
      nodeId: "root",
      context: { path: "/policy/runsOn" },
    });
    expect((await conductor.node.run(leaf("alone", train))).error).toMatchObject({ nodeId: "alone" });
    expect(ran).toEqual([]);
  });

  it("runs where that node is disabled, or a group around it", async () => {
    const { conductor, ran } = noting();
    const off = { parameters: { enabled: false } };
    const nodes = [leaf("a"), leaf("train", { ...train, ...off }), group("g", [leaf("in", train)], [], off)];
    expect((await conductor.node.run(group("root", nodes))).error).toBeUndefined();
    expect(ran).toEqual(["a"]);
  });

  it("is looked at again where the label was changed in place", async () => {
    const { conductor } = noting(["gpu"]);
    const given = group("root", [leaf("train", { policy: { runsOn: "gpu" } })]);
    const policy = (given.nodes as { policy: { runsOn?: string } }[])[0]?.policy as { runsOn?: string };
    expect((await conductor.node.run(given)).success).toBe(true);
    policy.runsOn = "tpu";
    expect((await conductor.node.run(given)).error).toMatchObject({ code: "IMPLEMENTATION_NOT_FOUND" });
    delete policy.runsOn;
    expect((await conductor.node.run(given)).success).toBe(true);
    policy.runsOn = "tpu";
    expect((await conductor.node.run(given)).success).toBe(false);
  });

  it.each([
    [5, "TYPE_MISMATCH"],
    [["gpu"], "TYPE_MISMATCH"],
    [{ label: "gpu" }, "TYPE_MISMATCH"],
    [true, "TYPE_MISMATCH"],
    ["", "VALIDATION_FAILED"],
    ["two words", "VALIDATION_FAILED"],
    ["\u00a0gpu", "VALIDATION_FAILED"],
    ["\u0085gpu", "VALIDATION_FAILED"],
    ["\u0024{{ variables.place }}", "VALIDATION_FAILED"],
  ])("is refused with the label %j", async (runsOn, code) => {
    const { conductor, ran } = noting(["gpu"]);
    const { error } = await conductor.node.run(group("root", [leaf("a"), leaf("b", { policy: { runsOn } as never })]));
    expect(error).toMatchObject({ code, context: { path: "/nodes/1/policy/runsOn" } });
    expect(ran).toEqual([]);
  });

  it("asks for nothing with null", async () => {
    expect((await noting().conductor.node.run(leaf("a", { policy: { runsOn: null } as never }))).success).toBe(true);
  });
});

describe("flows in nodes", () => {
  const sub = (id: string, name: string) => leaf(id, { type: "sub-flow", parameters: { flow: name } });
  const made = (labels?: string[]) =>
    createConductor({ transport: "local", ...(labels && { labels }), storage: storage() });
  const storage = () => {
    const flows = new Map<string, unknown>();
    return {
      save: async (id: string, value: unknown) => void flows.set(id, value),
      load: async (id: string) => flows.get(id),
      delete: async (id: string) => void flows.delete(id),
      list: async () => [...flows.keys()],
    } as never;
  };
  const text = (id: string, ran: string, more: object = {}) =>
    leaf(id, { type: "transform", parameters: { data: [ran] }, ...more });

  it("are looked through before anything runs, at every depth, in files as well", async () => {
    const folder = mkdtempSync(join(tmpdir(), "labels-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const write = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
    write("inner.json", group("inner", [text("quiet", "x"), text("train", "x", train)]));
    // Flows that name each other end as well.
    write("middle.json", group("middle", [sub("down", "./inner.json"), sub("up", "./middle.json")]));
    const conductor = made();
    const outer = group("outer", [text("first", "x"), group("g", [sub("runs", join(folder, "middle.json"))])]);
    const { error, executedNodes } = await conductor.node.run(outer as never);
    expect(error).toMatchObject({
      code: "IMPLEMENTATION_NOT_FOUND",
      nodeId: "runs",
      context: { path: "/nodes/1/nodes/0/parameters/flow" },
    });
    expect(error?.message).toMatch(
      /^The node `train` of `\.\/inner\.json`, which the node `down` runs, of `.*middle\.json`, which/,
    );
    expect(executedNodes).not.toContain("first");
  });

  it("are refused when their turn comes, before a node of theirs starts, where a name is made then", async () => {
    const folder = mkdtempSync(join(tmpdir(), "labels-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "inner.json");
    writeFileSync(file, JSON.stringify(group("inner", [text("quiet", "x"), text("train", "x", train)])));
    const outer = {
      ...group("outer", [sub("runs", "\u0024{{ variables.file }}")]),
      variables: { file: { type: "string" } },
    };
    const { error } = await made().node.run(outer as never, { variables: { file } });
    expect(error).toMatchObject({ code: "IMPLEMENTATION_NOT_FOUND", nodeId: "runs" });
    const offered = await made(["gpu"]).node.run(outer as never, { variables: { file } });
    expect(offered.error).toBeUndefined();
  });
});

describe("labels of a conductor", () => {
  it.each([["gpu"], [5], [[""]], [["a b"]], [[5]], [[undefined]], [[null]], [{}]])("cannot be %j", (labels) => {
    expect(() => conductorWith(() => {}, { labels })).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETERS", message: expect.stringContaining("`labels`") }),
    );
  });

  it("let a flow be validated for them, and are not asked for where there are none", async () => {
    const validated = (labels?: string[]) =>
      (noting(labels).conductor as never as ReturnType<typeof createConductor>).node.validate(flow() as never);
    expect(await validated()).toEqual({ valid: true, errors: [] });
    expect(await validated(["gpu"])).toEqual({ valid: true, errors: [] });
    expect(await validated(["cpu"])).toMatchObject({
      valid: true,
      warnings: [expect.stringMatching(/^nodes\.1\.nodes\.1\.policy\.runsOn: The node `train` asks for .*`cpu` alone/)],
    });
  });
});

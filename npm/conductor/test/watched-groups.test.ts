/** A run shows the same figures whether it is watched or not. */
import { expect, it } from "vitest";
import { byId, conductorWith, type Definition, edge, group, leaf } from "./contract/flows";

/** Runs a flow whose leaves end one after the other, and gives what each look shows of the node `i`, and overall. */
async function looks(definition: Definition, names: readonly string[], isWatched: boolean, fails?: string) {
  const ends = new Map<string, () => void>();
  const begun = new Map<string, () => void>();
  const waits = new Map(names.map((name) => [name, new Promise<void>((resolve) => begun.set(name, resolve))]));
  const executables = Object.fromEntries(
    names.map((name) => [
      name,
      () =>
        new Promise<void>((resolve, reject) => {
          ends.set(name, name === fails ? () => reject(new Error("no")) : resolve);
          begun.get(name)?.();
        }),
    ]),
  );
  const conductor = conductorWith(byId(executables));
  const { store } = conductor.node;
  if (isWatched) store.subscribe(() => {});
  const seen: [number | undefined, number][] = [];
  const look = () => {
    const { nodes, cachedProgress } = store.getState();
    seen.push([nodes.get("i")?.progress, cachedProgress]);
  };
  const running = conductor.node.run(definition);
  for (const name of names) {
    await waits.get(name);
    ends.get(name)?.();
    const next = names[names.indexOf(name) + 1];
    if (next === undefined || name === fails) break;
    await waits.get(next);
    look();
  }
  const { success } = await running;
  look();
  return { seen, success };
}

const LEAVES = ["a", "b", "c", "d"];
const inner = (more: object = {}) =>
  group("root", [
    group(
      "i",
      LEAVES.map((name) => leaf(name, name === "d" ? more : {})),
      LEAVES.slice(1).map((name, index) => edge(LEAVES[index] as string, name)),
    ),
  ]);

it.each([
  ["a success", inner(), undefined, true],
  ["a failure", inner(), "c", false],
  ["a failure that the run goes on after", inner({ policy: { continueOnError: true } }), "d", true],
])("in a group: %s", async (_, definition, fails, isSuccess) => {
  const [watched, polled] = [
    await looks(definition, LEAVES, true, fails),
    await looks(definition, LEAVES, false, fails),
  ];
  expect(watched.success).toBe(isSuccess);
  // The animation of the leaf that runs moves the figures between.
  const rounded = ({ seen }: typeof watched) =>
    seen.map(([progress = 0, all]) => [progress, all].map((n) => Math.floor(n / 25)));
  expect(rounded(watched)).toEqual(rounded(polled));
  // How far the animation of a leaf had come that failed, time says.
  if (isSuccess) expect(watched.seen.at(-1)).toEqual(polled.seen.at(-1));
  expect(watched.seen[1]?.[0]).toBeGreaterThanOrEqual(50);
});

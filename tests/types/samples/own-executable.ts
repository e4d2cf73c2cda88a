// Taken for granted:
import type { NodeExecutorFactory } from "@atomiton/conductor/desktop";
import { type NodeExecutable, nodes } from "@atomiton/nodes";

// An executable of the library answers with a promise:
const read: NodeExecutable = nodes["file-system"] as NodeExecutable;
read.execute({ path: "a.txt" }).then((output: unknown) => console.log(output));

// One of an application takes what it likes:
const factory: NodeExecutorFactory = {
  getNodeExecutable: (type) =>
    type === "double" ? { execute: ({ value }: { value: number }) => value * 2 } : nodes[type],
};
factory.getNodeExecutable("double")?.execute({ value: 2 });

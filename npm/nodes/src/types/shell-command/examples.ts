import type { NodeExample } from "../../definition/example.js";

export const shellCommandExamples: readonly NodeExample[] = [
  {
    title: "A program that reads what an edge brings",
    flow: `id: sort-names
nodes:
  - id: names
    type: file-system
    parameters: { path: names.txt }
  - id: sorted
    type: shell-command
    parameters: { program: sort, args: [-r], parse: lines }
edges:
  - { source: names, target: sorted, targetHandle: stdin }
`,
    files: { "names.txt": "Ada\nGrace\n" },
    outputs: {
      sorted: { result: ["Grace", "Ada"], stdout: "Grace\nAda\n", exitCode: 0, success: true, command: "sort -r" },
    },
    isPart: true,
  },
  {
    title: "A shell for what only a shell can do",
    flow: `id: count-orders
nodes:
  - id: count
    type: shell-command
    parameters:
      program: sh
      args: [-c, 'grep -c "$WANTED" orders.txt']
      environment: { WANTED: open }
      parse: json
      failOn: nonzero
`,
    files: { "orders.txt": "1 open\n2 closed\n3 open\n" },
    outputs: { count: { result: 2, exitCode: 0, signal: null, timedOut: false } },
    isPart: true,
  },
];

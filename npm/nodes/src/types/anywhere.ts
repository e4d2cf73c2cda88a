import type { NodeExecutable } from "../contract/executable.js";
import type { Platform } from "../library/platform.js";
import { lazily, lazilyInRounds } from "../library/registry.js";
import type { Network } from "./http-request/network.js";
import { asksCode } from "./loop/asks-code.js";

/** What the types need of where they run; asked for when the first of them does. */
export interface Needs {
  platform(): Promise<Platform>;
  network(): Promise<Network>;
}

/** The executables of the types that need no machine: they run in pages too. */
export function executablesAnywhere({ platform, network }: Needs): [string, NodeExecutable][] {
  return [
    ["parallel", lazily(async () => (await import("./parallel/execute.js")).parallelNode)],
    ["group", lazily(async () => (await import("./group/execute.js")).groupNode)],
    ["loop", lazilyInRounds(async () => (await import("./loop/execute.js")).loopNode(await platform()), asksCode)],
    ["try", lazily(async () => (await import("./try/execute.js")).tryNode)],
    [
      "until",
      lazilyInRounds(
        async () => (await import("./until/execute.js")).untilNode(await platform()),
        () => true,
      ),
    ],
    ["http-request", lazily(async () => (await import("./http-request/execute.js")).httpRequestNode(await network()))],
    ["edit-fields", lazily(async () => (await import("./edit-fields/execute.js")).editFieldsNode)],
    ["transform", lazily(async () => (await import("./transform/execute.js")).transformNode(await platform()))],
    ["condition", lazily(async () => (await import("./condition/execute.js")).conditionNode(await platform()))],
    ["join", lazily(async () => (await import("./join/execute.js")).joinNode(await platform()))],
    ["dedupe", lazily(async () => (await import("./dedupe/execute.js")).dedupeNode)],
    ["sort", lazily(async () => (await import("./sort/execute.js")).sortNode(await platform()))],
    ["sample", lazily(async () => (await import("./sample/execute.js")).sampleNode)],
    ["pivot", lazily(async () => (await import("./pivot/execute.js")).pivotNode)],
    ["unpivot", lazily(async () => (await import("./unpivot/execute.js")).unpivotNode)],
    ["window", lazily(async () => (await import("./window/execute.js")).windowNode)],
    ["diff", lazily(async () => (await import("./diff/execute.js")).diffNode)],
    ["validate", lazily(async () => (await import("./validate/execute.js")).validateNode)],
    ["switch", lazily(async () => (await import("./switch/execute.js")).switchNode)],
    ["merge", lazily(async () => (await import("./merge/execute.js")).mergeNode)],
    ["delay", lazily(async () => (await import("./delay/execute.js")).delayNode)],
    ["stop", lazily(async () => (await import("./stop/execute.js")).stopNode)],
    ["webhook", lazily(async () => (await import("./webhook/execute.js")).webhookNode)],
    ["respond", lazily(async () => (await import("./respond/execute.js")).respondNode)],
    ["schedule", lazily(async () => (await import("./schedule/execute.js")).scheduleNode)],
    ["file-change", lazily(async () => (await import("./file-change/execute.js")).fileChangeNode)],
    ["flow-end", lazily(async () => (await import("./flow-end/execute.js")).flowEndNode)],
    ["sub-flow", lazily(async () => (await import("./sub-flow/execute.js")).subFlowNode)],
    ["code", lazily(async () => (await import("./code/execute.js")).codeNode(await platform()))],
    ["crypto", lazily(async () => (await import("./crypto/execute.js")).cryptoNode)],
    ["xml", lazily(async () => (await import("./xml/execute.js")).xmlNode)],
    ["html", lazily(async () => (await import("./html/execute.js")).htmlNode)],
    ["template", lazily(async () => (await import("./template/execute.js")).templateNode)],
    ["wait-for-input", lazily(async () => (await import("./wait-for-input/execute.js")).waitForInputNode)],
    ["webhook-out", lazily(async () => (await import("./webhook-out/execute.js")).webhookOutNode(await network()))],
    ["message", lazily(async () => (await import("./message/execute.js")).messageNode(await network()))],
    ["llm", lazily(async () => (await import("./llm/execute.js")).llmNode(await network()))],
    ["embed", lazily(async () => (await import("./embed/execute.js")).embedNode(await network()))],
  ];
}

/** The node types that flows can have in this process, and which of them the owner's settings refuse. */
import type { DefinedNode, NodeExecutable } from "@atomiton/nodes";
import {
  closeNames,
  effectsText,
  meantText,
  NO_PROGRAMS,
  type NodeExample,
  type NodeType,
  PROGRAMS_ADVICE,
} from "@atomiton/nodes/definitions";
import type { Isolates, NodeExecutorFactory } from "../engine/executables.js";
import { coded } from "../engine/failure.js";
import type { NodesApi } from "../services/nodes.js";
import type { NodeTypeDetails, NodeTypeEntry, NodeTypeRefusal } from "../types/node-type.js";
import { type ConductorConfig, fileSettings, networkSettings } from "./settings.js";

/** The node library of an environment. */
export interface Library {
  types: ReadonlyMap<string, NodeType>;
  executable(type: string): NodeExecutable | undefined;
  /** Missing where they are not loaded. */
  examples?(type: string): readonly NodeExample[];
}

type Settings = Pick<ConductorConfig, "files" | "network" | "programs" | "nodes"> & {
  nodeExecutorFactory?: NodeExecutorFactory | undefined;
  isolation?: Isolates | undefined;
};

/**
 * Tells of the types of a library and of an application.
 *
 * @param settings with all executables that there are as its `nodeExecutorFactory`
 */
export function nodesApi(library: Library, settings: Settings): NodesApi {
  const { nodes = [], nodeExecutorFactory: executables } = settings;
  const refusalOf = refusalsBy(settings);
  const own = new Map<string, DefinedNode>(nodes.map((node) => [node.type, node]));
  const entryOf = (nodeType: NodeType): NodeTypeEntry | undefined => {
    const { type } = nodeType;
    const executable = executables?.getNodeExecutable(type) as NodeExecutable | undefined;
    // Containers are carried out by the engine.
    if (executable === undefined && !nodeType.isContainer) return undefined;
    const entry = entryFor(nodeType, executable);
    // What an application has in the place of a type of the library keeps to no setting.
    const isOfLibrary = !own.has(type) && executable === library.executable(type);
    const refused = isOfLibrary ? (executable?.refused ?? refusalOf(nodeType)) : undefined;
    return refused === undefined ? entry : { ...entry, refused };
  };
  const known = () =>
    [...library.types.values(), ...own.values()].flatMap((nodeType) => {
      const entry = entryOf(nodeType);
      return entry === undefined ? [] : [{ nodeType, entry }];
    });
  return {
    // Copies: what callers change stays theirs.
    list: async () => known().map(({ entry }) => structuredClone(entry)),
    async get(type) {
      const nodeType = own.get(type) ?? library.types.get(type);
      const entry = nodeType && entryOf(nodeType);
      if (nodeType === undefined || entry === undefined)
        throw coded(
          "NODE_NOT_FOUND",
          unknownType(
            type,
            known().map(({ entry: { type } }) => type),
          ),
          undefined,
        );
      return structuredClone(detailsOf(nodeType, entry, library.examples?.(type)));
    },
  };
}

/** A type in a list, by what is known of it, and by its executable where there is one. */
export function entryFor(nodeType: NodeType, executable: NodeExecutable | undefined): NodeTypeEntry {
  const { type, name, description, category, icon, touches, effectsNote, isTrigger, isContainer } = nodeType;
  // An executable that says nothing of its effects counts as one that writes.
  const effects = executable === undefined ? nodeType.effects : (executable.effects ?? "writes");
  return {
    type,
    name,
    description,
    category,
    icon,
    ...(executable?.version !== undefined && { version: executable.version }),
    effects: typeof effects === "string" ? effects : effectsText({ effects, ...(effectsNote && { effectsNote }) }),
    touches,
    inputs: [...nodeType.inputPorts, ...nodeType.otherInputs],
    hasOpenInputs: nodeType.hasOpenInputs,
    outputs: [...nodeType.outputPorts, ...nodeType.otherOutputs],
    // The other outputs of a routed type are for expressions.
    ...(nodeType.routed && { edgesLeaveBy: nodeType.outputPorts.map(({ id }) => id) }),
    hasOpenOutputs: nodeType.hasOpenOutputs === true,
    ...(isTrigger && { isTrigger }),
    ...(isContainer && { isContainer }),
  };
}

/** All that is known of a type. */
export function detailsOf(
  { parameterSchema, limits }: NodeType,
  entry: NodeTypeEntry,
  examples: readonly NodeExample[] | undefined,
): NodeTypeDetails {
  return { ...entry, parameters: parameterSchema, limits, ...(examples && { examples }) };
}

/** What is said of a type that there is not. */
export function unknownType(type: string, known: readonly string[]): string {
  return `There is no node type \`${type}\`; there are ${known.join(", ")}${meantText(closeNames(type, known))}`;
}

/** Says why a type of the library does nothing that needs what the owner does not open to nodes. */
function refusalsBy(settings: Settings): (nodeType: NodeType) => NodeTypeRefusal | undefined {
  const { programs, isolation } = settings;
  const [files, network] = [fileSettings(settings.files), networkSettings(settings.network)];
  return ({ type, needs }) => {
    const isCutOff = isolation?.cutsOff(type) === true;
    if (needs === "files" && files?.roots.length === 0) return NO_FILES;
    if (needs === "network" && isCutOff) return ISOLATED;
    if (needs === "network" && network?.hosts?.length === 0) return NO_HOSTS;
    const mayRun = programs ?? (files === undefined && network === undefined && !isCutOff);
    return needs === "programs" && !mayRun ? NO_PROGRAMS_HERE : undefined;
  };
}

const NO_PROGRAMS_HERE: NodeTypeRefusal = {
  code: "EXECUTION_FAILED",
  message: `${NO_PROGRAMS}. ${PROGRAMS_ADVICE}`,
};

const NO_FILES: NodeTypeRefusal = {
  code: "INVALID_PARAMETERS",
  message:
    "Nodes may use no files here. Have the owner name folders for them in `files.roots`, or with --root of `conductor serve`.",
};

const NO_HOSTS: NodeTypeRefusal = {
  code: "EXECUTION_FAILED",
  message: "Nodes may connect to no host here. Have the owner name some in `network.hosts`.",
};

const ISOLATED: NodeTypeRefusal = {
  code: "EXECUTION_FAILED",
  message: "Isolated executions may not connect. Have the owner set `network: true` of the isolation.",
};

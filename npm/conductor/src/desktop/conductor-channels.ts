/** The channels of a conductor, for the windows of an application or for the callers of a server. */
import type { ProgressHandler, StartedHandler } from "../events/emitter.js";
import type { NodesApi } from "../services/nodes.js";
import type { ChannelServer } from "./channel-server.js";
import { type ConductorChannelServer, createConductorChannelServer } from "./channels/conductor.js";
import { createFlowChannelServer, type FlowChannelServer } from "./channels/flow.js";
import {
  createNodeChannelServer,
  type NodeChannelDependencies,
  type NodeChannelOptions,
  type NodeChannelServer,
} from "./channels/node.js";
import { createStorageChannelServer, type StorageChannelServer } from "./channels/storage.js";
import type { IpcHandlers } from "./electron.js";
import type { MainProcessConductor } from "./main-process.js";
import type { Requests } from "./requests.js";

/** The channels that a conductor carries out by itself. */
export interface ConductorChannels {
  node: NodeChannelServer;
  storage: StorageChannelServer;
  flow: FlowChannelServer;
  conductor: ConductorChannelServer;
}

/**
 * Serves `node`, `storage`, `flow` and `conductor`.
 *
 * @param nodes tells of node types. Default: the conductor
 * @param made told of each channel when it is made, so that it is disposed of also where a later one cannot be
 */
export function serveConductor(
  ipc: IpcHandlers,
  conductor: MainProcessConductor,
  requests: Requests,
  {
    keep,
    sender,
    nodes = conductor.nodes,
    ending,
    isForLater,
  }: Pick<NodeChannelOptions, "keep" | "sender"> &
    Pick<NodeChannelDependencies, "ending" | "isForLater"> & { nodes?: NodesApi },
  made: <T extends ChannelServer>(channel: T) => T,
): ConductorChannels {
  const settings = sender === undefined ? {} : { sender };
  const { health } = conductor.system;
  const { run, validate, cancel, pause, resume, active, view, attach, onComplete, onError } = conductor.node;
  const runs = { execute: run, validate, cancel, pause, resume, active, view, attach, requests, health };
  const { executions } = conductor;
  const told = {
    onStarted: (callback: StartedHandler) => conductor.events.onStarted(callback),
    onState: (callback: ProgressHandler) => conductor.events.onProgress(callback),
    onComplete,
    onError,
    ...(nodes && { nodes }),
    ...(ending && { ending }),
    ...(isForLater && { isForLater }),
    ...(executions && {
      executions,
      waiting: executions.waiting,
      answer: executions.answer,
      onQuestion: executions.onQuestion,
    }),
  };
  const withKeep = keep === undefined ? settings : { ...settings, keep };
  return {
    node: made(createNodeChannelServer(ipc, { ...runs, ...told }, withKeep)),
    storage: made(createStorageChannelServer(ipc, { storage: conductor.storage }, settings)),
    flow: made(createFlowChannelServer(ipc, conductor.flow, settings)),
    conductor: made(createConductorChannelServer(ipc, { requests, health }, settings)),
  };
}

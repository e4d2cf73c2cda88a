import "@xyflow/react/dist/base.css";
import "./styles/graph.css";
import {
  type Edge,
  Handle,
  type Node,
  type NodeHandle,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
} from "@xyflow/react";
import { memo, useMemo } from "react";
import type { Flow } from "./flow.ts";
import { CARD, type Direction, layOut } from "./graph-layout.ts";
import { type NodeState, nodeStates } from "./node-state.ts";
import type { Run } from "./use-flow-run.ts";
import { useMediaQuery } from "./use-media-query.ts";

type CardNode = Node<{ name: string; type: string; direction: Direction; state: NodeState }, "card">;

const nodeTypes = { card: memo(Card) };

/** React Flow calls itself an application, in which screen readers read no text. Nothing can be operated in this one. */
const asGroup = (element: HTMLElement | null) => element?.setAttribute("role", "group");

/** Draws a flow, with the state of a run of it. */
export function FlowView({ flow, run }: { flow: Flow; run: Run }) {
  const isNarrow = useMediaQuery("(max-width: 760px)");
  const { direction, places } = useMemo(() => layOut(flow, isNarrow), [flow, isNarrow]);
  const stateOf = nodeStates(run);
  const criticalPath = run.progress?.graph.criticalPath ?? [];

  const nameOf = (id: string) => flow.nodes.find((node) => node.id === id)?.name ?? id;
  const nodes = flow.nodes.map(({ id, name = id, type: ownType, nodes: children }): CardNode => {
    const state = stateOf(id);
    const type = children?.length ? `${ownType} of ${children.length} nodes` : ownType;
    return {
      id,
      type: "card",
      position: places.get(id) ?? { x: 0, y: 0 },
      data: { name, type, direction, state },
      ariaRole: "group",
      ariaLabel: [name, type, state.text, state.isCritical && "on the critical path", state.error]
        .filter(Boolean)
        .join(", "),
      ...CARD,
      handles: handlesOf(direction),
    };
  });
  const edges = flow.edges.map(({ id, source, target, sourceHandle }, index): Edge => {
    const to = stateOf(target);
    const isCritical = criticalPath.some((id, index) => id === source && criticalPath[index + 1] === target);
    const branch = sourceHandle === undefined || sourceHandle === "default" ? undefined : sourceHandle;
    return {
      id: id ?? `edge-${index}`,
      source,
      target,
      animated: to.kind === "executing",
      className: `edge-${to.kind}${isCritical ? " edge-critical" : ""}`,
      ariaLabel: [
        `From ${nameOf(source)} to ${nameOf(target)}`,
        branch && `on ${branch}`,
        to.kind === "skipped" && "not taken",
      ]
        .filter(Boolean)
        .join(", "),
      ...(branch !== undefined && { label: branch }),
    };
  });

  return (
    <ReactFlowProvider key={`${flow.id} ${direction}`}>
      <ReactFlow
        ref={asGroup}
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        fitView
        fitViewOptions={{ padding: 0.08, maxZoom: 1 }}
        minZoom={0.3}
        colorMode="system"
        nodesDraggable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        disableKeyboardA11y
        zoomOnScroll={false}
        preventScrolling={false}
      />
    </ReactFlowProvider>
  );
}

/** Where edges begin and end. Without this they would be away from each new state until its nodes are measured again. */
function handlesOf(direction: Direction): NodeHandle[] {
  const { width, height } = CARD;
  const [entry, exit] = sidesOf(direction);
  const size = { width: 0, height: 0 };
  return direction === "right"
    ? [
        { type: "target", position: entry, x: 0, y: height / 2, ...size },
        { type: "source", position: exit, x: width, y: height / 2, ...size },
      ]
    : [
        { type: "target", position: entry, x: width / 2, y: 0, ...size },
        { type: "source", position: exit, x: width / 2, y: height, ...size },
      ];
}

function sidesOf(direction: Direction): [entry: Position, exit: Position] {
  return direction === "right" ? [Position.Left, Position.Right] : [Position.Top, Position.Bottom];
}

function Card({ data: { name, type, direction, state } }: NodeProps<CardNode>) {
  const [entry, exit] = sidesOf(direction);
  return (
    <div className="card" data-state={state.kind} data-critical={state.isCritical}>
      <Handle type="target" position={entry} isConnectable={false} />
      <p className="card-name">{name}</p>
      <p className="card-type">{type}</p>
      <p className="card-state">{state.text}</p>
      {state.kind === "executing" ? (
        <progress className="card-progress" aria-label={name} max={100} value={state.progress} />
      ) : (
        <span className="card-progress" style={{ width: `${state.progress}%` }} />
      )}
      <Handle type="source" position={exit} isConnectable={false} />
    </div>
  );
}

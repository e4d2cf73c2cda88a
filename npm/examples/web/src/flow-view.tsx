import { type Edge, Handle, type Node, type NodeProps, Position, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import { memo, useMemo } from "react";
import type { Flow } from "./flow.ts";
import { CARD, type Direction, layOut } from "./graph-layout.ts";
import { type NodeState, nodeStates } from "./node-state.ts";
import type { Run } from "./use-flow-run.ts";
import { useMediaQuery } from "./use-media-query.ts";

type CardNode = Node<{ name: string; type: string; direction: Direction; state: NodeState }, "card">;

const nodeTypes = { card: memo(Card) };

const words = { "node.a11yDescription.default": "A node of the flow.", "edge.a11yDescription.default": "" };

/** Draws a flow, with the state of a run of it. */
export function FlowView({ flow, run }: { flow: Flow; run: Run }) {
  const isNarrow = useMediaQuery("(max-width: 760px)");
  const { direction, places } = useMemo(() => layOut(flow, isNarrow), [flow, isNarrow]);
  const stateOf = nodeStates(run);
  const criticalPath = run.progress?.graph.criticalPath ?? [];

  const nodes = flow.nodes.map(({ id, name = id, type: ownType, nodes: children }): CardNode => {
    const state = stateOf(id);
    const type = children?.length ? `${ownType} of ${children.length} nodes` : ownType;
    return {
      id,
      type: "card",
      position: places.get(id) ?? { x: 0, y: 0 },
      data: { name, type, direction, state },
      ariaLabel: [name, type, state.text, state.isCritical && "on the critical path"].filter(Boolean).join(", "),
      ...CARD,
    };
  });
  const edges = flow.edges.map(({ id, source, target, sourceHandle }, index): Edge => {
    const to = stateOf(target);
    const isCritical = criticalPath.some((id, index) => id === source && criticalPath[index + 1] === target);
    return {
      id: id ?? `edge-${index}`,
      source,
      target,
      animated: to.kind === "executing",
      className: `edge-${to.kind}${isCritical ? " edge-critical" : ""}`,
      focusable: false,
      ...(sourceHandle === "true" || sourceHandle === "false" ? { label: sourceHandle } : {}),
    };
  });

  return (
    <ReactFlowProvider key={`${flow.id} ${direction}`}>
      <ReactFlow
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
        zoomOnScroll={false}
        preventScrolling={false}
        ariaLabelConfig={words}
      />
    </ReactFlowProvider>
  );
}

function Card({ data: { name, type, direction, state } }: NodeProps<CardNode>) {
  const [entry, exit] = direction === "right" ? [Position.Left, Position.Right] : [Position.Top, Position.Bottom];
  return (
    <div className="card" data-state={state.kind} data-critical={state.isCritical}>
      <Handle type="target" position={entry} isConnectable={false} />
      <p className="card-name">{name}</p>
      <p className="card-type">{type}</p>
      <p className="card-state">{state.text}</p>
      <span className="card-progress" style={{ width: `${state.progress}%` }} />
      <Handle type="source" position={exit} isConnectable={false} />
    </div>
  );
}

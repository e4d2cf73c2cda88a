import type { FlowSummary, FlowTemplate } from "@atomiton/conductor/slim";
import type { ReactNode } from "react";
import { apiUrl } from "./conductor.ts";
import { sampleFlows } from "./sample-flows.ts";

/** Where a flow comes from, and its id there. */
export interface Choice {
  from: "sample" | "template" | "saved";
  id: string;
}

interface FlowListProps {
  chosen: Choice | undefined;
  templates: FlowTemplate[];
  saved: FlowSummary[];
  onChoose(choice: Choice): void;
  onDelete(flow: FlowSummary): void;
}

/** All flows that there are to choose from. */
export function FlowList({ chosen, templates, saved, onChoose, onDelete }: FlowListProps) {
  const item = (from: Choice["from"], { id, name, description }: Omit<FlowTemplate, "nodeCount">): ReactNode => (
    <button
      type="button"
      className="flow"
      aria-label={name}
      aria-description={description}
      aria-current={chosen?.from === from && chosen.id === id}
      onClick={() => onChoose({ from, id })}
    >
      <strong>{name}</strong>
      {description !== undefined && <span>{description}</span>}
    </button>
  );

  return (
    <nav className="flows" aria-label="Flows">
      <Section title="Samples" hint={apiUrl && "They use node types of this page, which the server has to know."}>
        {sampleFlows.map(({ id, name, description = "" }) => (
          <li key={id}>{item("sample", { id, name, description })}</li>
        ))}
      </Section>
      <Section title="Saved" hint={saved.length === 0 && "Nothing yet."}>
        {saved.map((flow) => (
          <li key={flow.id} className="flow-saved">
            {item("saved", { id: flow.id, name: flow.name })}
            <button type="button" className="plain" aria-label={`Delete ${flow.name}`} onClick={() => onDelete(flow)}>
              ✕
            </button>
          </li>
        ))}
      </Section>
      <Section title="Templates" hint={apiUrl === undefined && "They use files, and run to the end on a server only."}>
        {templates.map((template) => (
          <li key={template.id}>{item("template", template)}</li>
        ))}
      </Section>
    </nav>
  );
}

function Section({ title, hint, children }: { title: string; hint?: ReactNode; children: ReactNode }) {
  const id = `flows-${title.toLowerCase()}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <ul>{children}</ul>
      {hint && <p className="hint">{hint}</p>}
    </section>
  );
}

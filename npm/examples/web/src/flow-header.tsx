import { useState } from "react";
import type { Flow } from "./flow.ts";

interface FlowHeaderProps {
  flow: Flow;
  /** What `validate` found. */
  problems: string[];
  /** What became of the last attempt to keep it. */
  notice: string;
  onSave(name: string): void;
}

/** What the flow is called, what is wrong with it, and a way to keep it. */
export function FlowHeader({ flow, problems, notice, onSave }: FlowHeaderProps) {
  const [name, setName] = useState(flow.name);

  return (
    <header className="flow-header">
      <div>
        <h2>{flow.name}</h2>
        {flow.description !== undefined && <p className="hint">{flow.description}</p>}
        {problems.length > 0 && (
          <ul className="problem" aria-label="Problems of the flow">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        )}
      </div>
      <form
        className="save"
        onSubmit={(event) => {
          event.preventDefault();
          onSave(name);
        }}
      >
        <label>
          Name
          <input value={name} required onChange={({ target }) => setName(target.value)} />
        </label>
        <button type="submit">Save</button>
        <output>{notice}</output>
      </form>
    </header>
  );
}

import { DEFAULT_SLOWMO_MS } from "@atomiton/conductor/slim";
import type { RefObject } from "react";

/** What is chosen for the next run; `input` is text, which is JSON if all is well. */
export interface Chosen {
  slowMo: number;
  concurrency: number;
  input: string;
}

const PACES: [number, string][] = [
  [0, "Full speed"],
  [50, "Easy"],
  [DEFAULT_SLOWMO_MS, "Slow"],
  [1000, "Very slow"],
];

const CONCURRENCIES = [1, 2, 4, 8];

interface RunControlsProps {
  chosen: Chosen;
  isRunning: boolean;
  canRun: boolean;
  /** The button, so that it can be given the focus. */
  button: RefObject<HTMLButtonElement | null>;
  onChange(chosen: Chosen): void;
  onRun(): void;
  onCancel(): void;
}

/** How to run, and the button that starts and stops. */
export function RunControls({ chosen, isRunning, canRun, button, onChange, onRun, onCancel }: RunControlsProps) {
  const isWrong = inputOf(chosen.input) === undefined;
  return (
    <form
      className="controls"
      onSubmit={(event) => {
        event.preventDefault();
        if (isRunning) onCancel();
        else onRun();
      }}
    >
      <label>
        Pace
        <select
          value={chosen.slowMo}
          disabled={isRunning}
          onChange={({ target }) => onChange({ ...chosen, slowMo: Number(target.value) })}
        >
          {PACES.map(([ms, name]) => (
            <option key={ms} value={ms}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Nodes at once
        <select
          value={chosen.concurrency}
          disabled={isRunning}
          onChange={({ target }) => onChange({ ...chosen, concurrency: Number(target.value) })}
        >
          {CONCURRENCIES.map((count) => (
            <option key={count}>{count}</option>
          ))}
        </select>
      </label>
      <details className="input">
        <summary>Input</summary>
        <label>
          As JSON
          <textarea
            rows={3}
            spellCheck={false}
            value={chosen.input}
            disabled={isRunning}
            aria-invalid={isWrong}
            aria-describedby={isWrong ? "input-problem" : undefined}
            onChange={({ target }) => onChange({ ...chosen, input: target.value })}
          />
        </label>
        {isWrong && (
          <p id="input-problem" className="problem">
            This is not a JSON object, such as {'{ "name": "Ada" }'}.
          </p>
        )}
      </details>
      {/* One button for both, so that keyboard users do not lose their place. */}
      <button
        ref={button}
        type="submit"
        className={isRunning ? "stop" : "primary"}
        disabled={!canRun || (isWrong && !isRunning)}
      >
        {isRunning ? "Cancel" : "Run"}
      </button>
    </form>
  );
}

/** The input that a text stands for; `undefined` when it stands for none. */
export function inputOf(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text.trim() || "{}");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

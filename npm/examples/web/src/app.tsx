import type { FlowSummary } from "@atomiton/conductor/slim";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { conductor, leftRuns, ready } from "./conductor.ts";
import { messageOf } from "./error-message.ts";
import type { Flow } from "./flow.ts";
import { FlowHeader } from "./flow-header.tsx";
import { type Choice, FlowList } from "./flow-list.tsx";
import { Place } from "./place.tsx";
import { type Chosen, inputOf, RunControls } from "./run-controls.tsx";
import { RunError } from "./run-error.tsx";
import { RunProgress } from "./run-progress.tsx";
import { RunResult } from "./run-result.tsx";
import { sampleFlows } from "./sample-flows.ts";
import { useFlowRun } from "./use-flow-run.ts";
import { useFlows } from "./use-flows.ts";

// The list, the controls and the engine do not wait for the library that draws.
const view = import("./flow-view.tsx");
const FlowView = lazy(async () => ({ default: (await view).FlowView }));

/** A flow that was loaded, and what is wrong with it. */
interface Loaded {
  choice: Choice;
  flow: Flow;
  problems: string[];
}

/** The page. */
export function App() {
  const { templates, saved, problem } = useFlows();
  const { run, start, follow, cancel, reset } = useFlowRun();
  const [loaded, setLoaded] = useState<Loaded>();
  const [failure, setFailure] = useState<string>();
  const [notice, setNotice] = useState("");
  const latest = useRef<Choice>(undefined);
  const button = useRef<HTMLButtonElement>(null);
  const [chosen, setChosen] = useState<Chosen>({ slowMo: 0, concurrency: 4, input: "{}" });

  const choose = useCallback(
    async (choice: Choice) => {
      latest.current = choice;
      reset();
      setNotice("");
      try {
        const [flow] = await Promise.all([load(choice), ready()]);
        const { errors } = await conductor.node.validate(flow);
        // The user may have chosen another one since.
        if (latest.current !== choice) return;
        setLoaded({ choice, flow, problems: errors });
        setFailure(undefined);
      } catch (error) {
        setFailure(`The flow cannot be loaded: ${messageOf(error)}`);
      }
    },
    [reset],
  );

  useEffect(() => {
    const [first] = sampleFlows;
    if (first === undefined) return;
    const choice: Choice = { from: "sample", id: first.id };
    void choose(choice);
    const showLeft = async () => {
      const left = (await leftRuns).at(-1);
      // The user may have chosen a flow since.
      if (left === undefined || latest.current !== choice) return;
      if (left.flowId !== first.id) await choose(await choiceOf(left.flowId));
      void follow(left.executionId, left.result);
    };
    // Why nothing can be kept is told by the next run.
    showLeft().catch(() => {});
  }, [choose, follow]);

  const runFlow = () => {
    const input = inputOf(chosen.input);
    if (loaded !== undefined && input !== undefined) void start(loaded.flow, { ...chosen, input });
  };

  const retry = () => {
    // The button that was pressed goes away with the error.
    button.current?.focus();
    runFlow();
  };

  const save = async ({ choice, flow }: Loaded, name: string) => {
    try {
      // Without an id a flow gets a new one: samples and templates stay as they are.
      const own = choice.from === "saved" ? {} : { id: "" };
      const { id } = await conductor.storage.saveFlow({ ...flow, name, ...own });
      await choose({ from: "saved", id });
      setNotice(`Saved as ${name}`);
    } catch (error) {
      setNotice(`Not saved: ${messageOf(error)}`);
    }
  };

  const remove = async ({ id, name }: FlowSummary) => {
    try {
      await conductor.storage.deleteFlow(id);
    } catch (error) {
      setFailure(`${name} cannot be deleted: ${messageOf(error)}`);
    }
  };

  const wrong = failure ?? problem;
  return (
    <>
      <header className="page-header">
        <h1>Flows in a page</h1>
        <Place />
      </header>
      <FlowList chosen={loaded?.choice} templates={templates} saved={saved} onChoose={choose} onDelete={remove} />
      <main>
        {wrong !== undefined && (
          <p className="problem" role="alert">
            {wrong}
          </p>
        )}
        {loaded !== undefined && (
          <>
            <FlowHeader
              key={`${loaded.choice.from} ${loaded.choice.id}`}
              flow={loaded.flow}
              problems={loaded.problems}
              notice={notice}
              onSave={(name) => save(loaded, name)}
            />
            <section className="graph" aria-label="Graph">
              <Suspense>
                <FlowView flow={loaded.flow} run={run} />
              </Suspense>
            </section>
          </>
        )}
      </main>
      <aside aria-label="Run">
        <RunControls
          chosen={chosen}
          isRunning={run.status === "running"}
          canRun={loaded !== undefined}
          button={button}
          onChange={setChosen}
          onRun={runFlow}
          onCancel={cancel}
        />
        {loaded !== undefined && <RunProgress flow={loaded.flow} run={run} />}
        {loaded !== undefined && run.result?.error && (
          <RunError flow={loaded.flow} error={run.result.error} onRetry={retry} />
        )}
        {run.refusal !== undefined && (
          <p className="problem" role="alert">
            {run.refusal}
          </p>
        )}
        {run.result?.success && <RunResult result={run.result} />}
      </aside>
    </>
  );
}

async function choiceOf(id: string): Promise<Choice> {
  if (sampleFlows.some((flow) => flow.id === id)) return { from: "sample", id };
  const { templates } = await conductor.flow.listTemplates();
  return { from: templates.some((template) => template.id === id) ? "template" : "saved", id };
}

async function load({ from, id }: Choice): Promise<Flow> {
  if (from === "saved") return conductor.storage.loadFlow(id) as Promise<Flow>;
  if (from === "template") return (await conductor.flow.getTemplate(id)).definition as Flow;
  const sample = sampleFlows.find((flow) => flow.id === id);
  if (sample === undefined) throw new Error(`There is no sample ${id}`);
  return sample as Flow;
}

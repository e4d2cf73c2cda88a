import type { FlowSummary, FlowTemplate } from "@atomiton/conductor/slim";
import { useCallback, useEffect, useState } from "react";
import { conductor } from "./conductor.ts";
import { messageOf } from "./error-message.ts";

/** The flows that are not the page's own: templates, and what was saved, in this tab or another one. */
export function useFlows() {
  const [templates, setTemplates] = useState<FlowTemplate[]>([]);
  const [saved, setSaved] = useState<FlowSummary[]>([]);
  const [problem, setProblem] = useState<string>();

  const listSaved = useCallback(async () => {
    try {
      const { flows } = await conductor.storage.listFlows({ sortBy: "name", sortOrder: "asc" });
      setSaved(flows);
      setProblem(undefined);
    } catch (error) {
      setProblem(`Saved flows cannot be listed: ${messageOf(error)}`);
    }
  }, []);

  useEffect(() => {
    conductor.flow.listTemplates().then(
      ({ templates }) => setTemplates(templates),
      (error) => setProblem(`Templates cannot be listed: ${messageOf(error)}`),
    );
    void listSaved();
    const unsubscribes = [conductor.storage.onFlowSaved(listSaved), conductor.storage.onFlowDeleted(listSaved)];
    return () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
  }, [listSaved]);

  return { templates, saved, problem };
}

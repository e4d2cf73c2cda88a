// Not strict by itself: Parameters without types.

// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { FlowToSave } from "@atomiton/conductor/browser";
import type { ReactElement } from "react";

declare function Editor(props: { flow: FlowToSave; onChange(flow: FlowToSave): void }): ReactElement;

// As shown:
import { debounce } from 'lodash';

// Debounce flow saves to avoid excessive writes
const debouncedSave = debounce(async (flow) => {
  await conductor.storage.saveFlow(flow);
  console.log('Flow saved');
}, 1000);

// Usage in editor
function FlowEditor({ flow, onChange }) {
  const handleChange = (updatedFlow) => {
    onChange(updatedFlow);
    debouncedSave(updatedFlow);
  };

  return <Editor flow={flow} onChange={handleChange} />;
}

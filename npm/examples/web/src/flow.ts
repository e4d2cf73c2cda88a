import type { FlowDefinition } from "@atomiton/conductor/slim";

/** A flow as this page reads it: with what it says itself of how it is to be run. */
export interface Flow extends FlowDefinition {
  settings?: { runtime?: { parallel?: number; timeout?: number } };
}

/** The templates by the names under which editors know them. */
import { type FlowTemplate, getFlowTemplate, loadFlowTemplates } from "./flows.js";

/** Every template; copies that are the caller's to change. */
export const loadBuiltInTemplates = loadFlowTemplates;

/** Every template; copies that are the caller's to change. */
export const getAllTemplates = loadFlowTemplates;

/** A template by its UUID or slug; `undefined` where there is no such template. */
export function getTemplate(id: string): FlowTemplate | undefined {
  return getFlowTemplate(id) ?? undefined;
}

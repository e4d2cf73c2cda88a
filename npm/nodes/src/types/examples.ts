import type { NodeExample } from "../definition/example.js";
import { archiveExamples } from "./archive/examples.js";
import { codeExamples } from "./code/examples.js";
import { compressExamples } from "./compress/examples.js";
import { conditionExamples } from "./condition/examples.js";
import { cryptoExamples } from "./crypto/examples.js";
import { databaseExamples } from "./database/examples.js";
import { dedupeExamples } from "./dedupe/examples.js";
import type { LibraryTypes } from "./definitions.js";
import { delayExamples } from "./delay/examples.js";
import { diffExamples } from "./diff/examples.js";
import { editFieldsExamples } from "./edit-fields/examples.js";
import { emailExamples } from "./email/examples.js";
import { embedExamples } from "./embed/examples.js";
import { fileChangeExamples } from "./file-change/examples.js";
import { fileSystemExamples } from "./file-system/examples.js";
import { flowEndExamples } from "./flow-end/examples.js";
import { groupExamples } from "./group/examples.js";
import { htmlExamples } from "./html/examples.js";
import { httpRequestExamples } from "./http-request/examples.js";
import { imageExamples } from "./image/examples.js";
import { joinExamples } from "./join/examples.js";
import { llmExamples } from "./llm/examples.js";
import { loopExamples } from "./loop/examples.js";
import { mergeExamples } from "./merge/examples.js";
import { messageExamples } from "./message/examples.js";
import { parallelExamples } from "./parallel/examples.js";
import { pivotExamples } from "./pivot/examples.js";
import { pythonExamples } from "./python/examples.js";
import { respondExamples } from "./respond/examples.js";
import { sampleExamples } from "./sample/examples.js";
import { scheduleExamples } from "./schedule/examples.js";
import { shellCommandExamples } from "./shell-command/examples.js";
import { sortExamples } from "./sort/examples.js";
import { spreadsheetExamples } from "./spreadsheet/examples.js";
import { sqlExamples } from "./sql/examples.js";
import { stopExamples } from "./stop/examples.js";
import { subFlowExamples } from "./sub-flow/examples.js";
import { switchExamples } from "./switch/examples.js";
import { templateExamples } from "./template/examples.js";
import { transformExamples } from "./transform/examples.js";
import { tryExamples } from "./try/examples.js";
import { unpivotExamples } from "./unpivot/examples.js";
import { untilExamples } from "./until/examples.js";
import { validateExamples } from "./validate/examples.js";
import { waitForInputExamples } from "./wait-for-input/examples.js";
import { wasmExamples } from "./wasm/examples.js";
import { webhookExamples } from "./webhook/examples.js";
import { webhookOutExamples } from "./webhook-out/examples.js";
import { windowExamples } from "./window/examples.js";
import { xmlExamples } from "./xml/examples.js";

export type { NodeExample } from "../definition/example.js";

const examples: Readonly<Record<keyof LibraryTypes, readonly NodeExample[]>> = {
  parallel: parallelExamples,
  loop: loopExamples,
  group: groupExamples,
  compress: compressExamples,
  condition: conditionExamples,
  dedupe: dedupeExamples,
  diff: diffExamples,
  "edit-fields": editFieldsExamples,
  "file-system": fileSystemExamples,
  "http-request": httpRequestExamples,
  image: imageExamples,
  join: joinExamples,
  pivot: pivotExamples,
  sample: sampleExamples,
  sort: sortExamples,
  delay: delayExamples,
  try: tryExamples,
  until: untilExamples,
  stop: stopExamples,
  "sub-flow": subFlowExamples,
  archive: archiveExamples,
  webhook: webhookExamples,
  respond: respondExamples,
  schedule: scheduleExamples,
  "file-change": fileChangeExamples,
  "flow-end": flowEndExamples,
  code: codeExamples,
  python: pythonExamples,
  wasm: wasmExamples,
  crypto: cryptoExamples,
  xml: xmlExamples,
  html: htmlExamples,
  template: templateExamples,
  merge: mergeExamples,
  "shell-command": shellCommandExamples,
  spreadsheet: spreadsheetExamples,
  sql: sqlExamples,
  switch: switchExamples,
  transform: transformExamples,
  unpivot: unpivotExamples,
  validate: validateExamples,
  window: windowExamples,
  "wait-for-input": waitForInputExamples,
  "webhook-out": webhookOutExamples,
  message: messageExamples,
  email: emailExamples,
  llm: llmExamples,
  embed: embedExamples,
  database: databaseExamples,
};

/**
 * The examples of a type of this library. They stand beside the definitions, not in them, so that a page which runs nodes
 * does not load them.
 */
export function nodeExamples(type: string): readonly NodeExample[] {
  return Object.hasOwn(examples, type) ? examples[type as keyof LibraryTypes] : [];
}

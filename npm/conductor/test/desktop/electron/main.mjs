/** An application that lets its page run a node, prints what the page got, and ends. Started by the smoke test. */
import { setupMainProcessHandler } from "@atomiton/conductor/desktop";
import { app, BrowserWindow } from "electron";

const [preload, page] = process.argv.slice(-2);

const script = `(async () => {
  const bridge = window.atomiton.__bridge__;
  const events = [];
  for (const event of ["started", "completed"]) bridge.listen("node", event, ({ executionId }) => events.push(event + " " + executionId));
  const node = { id: "flow", type: "group", nodes: [{ id: "a", type: "edit-fields", parameters: { values: { greeting: "Hello" } } }], edges: [] };
  const answer = await bridge.call("node", "execute", { node, context: { executionId: "exec_smoke", input: { when: new Date(0) } } });
  return { success: answer.result.success, events, exposed: Object.keys(window.atomiton), node: typeof require };
})()`;

await app.whenReady();
const handler = setupMainProcessHandler();
const window = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true, contextIsolation: true } });
await window.loadFile(page);
const found = await window.webContents.executeJavaScript(script);
process.stdout.write(`${JSON.stringify(found)}\n`);
await handler.cleanup();
app.exit(0);

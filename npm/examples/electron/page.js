/** The page: runs a template in slow motion, shows how far it is, and keeps it as a flow. */
const bridge = window.atomiton.__bridge__;
const element = (id) => document.getElementById(id);

/** A pace at which a person can follow, in ms. */
const SLOWMO = 250;

let executionId;

/** The result of a command; throws what went wrong. */
async function call(channel, command, args) {
  const answer = await bridge.call(channel, command, args);
  if (answer.channelError) throw new Error(answer.error);
  return answer.result;
}

async function run(event) {
  event.preventDefault();
  executionId = `exec_${crypto.randomUUID()}`;
  // A page that is loaded anew finds its execution by this.
  sessionStorage.setItem("execution", executionId);
  setRunning(true);
  const { definition: node } = await call("flow", "getTemplate", { id: element("template").value });
  const path = await call("path", "getExportPath", { filename: "hello.txt" });
  const context = { executionId, slowMo: SLOWMO, input: { name: element("name").value, path } };
  show(await call("node", "execute", { node, context }));
}

function show(result) {
  const { success, data, error, duration } = result;
  element("result").textContent = success
    ? `${JSON.stringify(data, null, 2)}\n\n${duration} ms`
    : `${error.code}: ${error.message}`;
  sessionStorage.removeItem("execution");
  setRunning(false);
}

function setRunning(running) {
  element("run").disabled = running;
  element("cancel").disabled = !running;
}

async function save() {
  const { definition } = await call("flow", "getTemplate", { id: element("template").value });
  const { id: _, ...flow } = definition;
  await call("storage", "saveFlow", { flow });
}

async function listFlows() {
  const { flows } = await call("storage", "listFlows", { sortBy: "name", sortOrder: "asc" });
  element("flows").replaceChildren(
    ...flows.map(({ name, nodeCount, savedAt }) =>
      item(`${name}: ${nodeCount} nodes, ${new Date(savedAt).toLocaleString()}`),
    ),
  );
}

function item(text) {
  const line = document.createElement("li");
  line.textContent = text;
  return line;
}

/** Lets a click do something; what goes wrong is shown. */
function handled(action) {
  return (event) =>
    action(event).catch((error) => {
      element("result").textContent = error.message;
      setRunning(false);
    });
}

bridge.listen("node", "progress", ({ executionId: id, progress, message, nodes }) => {
  if (id !== executionId) return;
  element("progress").value = progress;
  element("message").textContent = message;
  element("nodes").replaceChildren(...nodes.map(({ name, state }) => item(`${name}: ${state}`)));
});
bridge.listen("storage", "flowSaved", handled(listFlows));
element("controls").addEventListener("submit", handled(run));
element("cancel").addEventListener(
  "click",
  handled(() => call("node", "cancel", executionId)),
);
element("save").addEventListener("click", handled(save));

async function start() {
  const { templates } = await call("flow", "listTemplates");
  element("template").replaceChildren(...templates.map(({ id, name }) => new Option(name, id)));
  await listFlows();
  const running = sessionStorage.getItem("execution");
  if (running === null) return;
  executionId = running;
  setRunning(true);
  show(await call("node", "attach", { executionId: running }));
}

handled(start)();

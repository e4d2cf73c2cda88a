/** What pages of users call, and what comes of it; these functions run in a page. */

/**
 * Puts a call of each method on `window.calls`, those that end the session last.
 *
 * @param {{ username: string, password: string, copy: string, template: string, session: string }} world
 *   `copy`: an exported execution in base64; `session`: the id of another session of the user
 */
export function defineCalls({ username, password, copy, template, session }) {
  const saved = { id: "own", name: "own", nodes: [{ id: "a", type: "edit-fields" }] };
  const { node, nodes, executions, flow, storage, system, auth } = made;
  const bytes = () => Uint8Array.from(atob(copy), (character) => character.charCodeAt(0));
  window.calls = {
    "node.run": () => node.run({ id: "a", type: "edit-fields" }),
    "node.validate": () => node.validate({ id: "a", type: "edit-fields" }),
    "node.cancel": () => node.cancel("none"),
    "node.pause": () => node.pause("none"),
    "node.resume": () => node.resume("none"),
    "node.active": () => node.active(),
    "node.attach": () => node.attach("none"),
    "node.view": () => node.view("none"),
    "nodes.list": () => nodes.list(),
    "nodes.get": () => nodes.get("code"),
    "executions.waiting": () => executions.waiting(),
    "executions.answer": () => executions.answer("none", true),
    "executions.list": () => executions.list(),
    "executions.get": () => executions.get("done"),
    "executions.trace": () => executions.trace("done"),
    "executions.value": () => executions.value("done", "a"),
    "executions.logs": () => executions.logs("done"),
    "executions.export": () => executions.export("done"),
    "executions.import": () => executions.import(bytes(), { id: `copy-of-${username}` }),
    "executions.resume": () => executions.resume("none"),
    "executions.cancel": () => executions.cancel("none"),
    "executions.vacuum": () => executions.vacuum({}),
    "executions.fork": () => executions.fork("done", { from: "a" }),
    "executions.result": () => executions.result("done"),
    "executions.diff": () => executions.diff("done", "other"),
    "executions.delete": () => executions.delete([`copy-of-${username}`]),
    "flow.run": () => flow.run({ ...saved, type: "group" }),
    "flow.listTemplates": () => flow.listTemplates(),
    "flow.getTemplate": () => flow.getTemplate(template),
    "flow.loadFlow": () => flow.loadFlow("saved"),
    "flow.history": () => flow.history("saved"),
    "flow.restore": () => flow.restore("saved", 1),
    "storage.saveFlow": () => storage.saveFlow(saved),
    "storage.loadFlow": () => storage.loadFlow("saved"),
    "storage.listFlows": () => storage.listFlows(),
    "storage.flowHistory": () => storage.flowHistory("saved"),
    "storage.restoreFlow": () => storage.restoreFlow("saved", 1),
    "storage.deleteFlow": () => storage.deleteFlow("own"),
    "system.health": () => system.health(),
    "system.restart": () => system.restart(),
    "auth.getCurrentUser": () => auth.getCurrentUser(),
    "auth.listSessions": () => auth.listSessions(),
    "auth.endSession": () => auth.endSession({ id: session }),
    "auth.endOtherSessions": () => auth.endOtherSessions(),
    "auth.changePassword": () => auth.changePassword({ current: password, password: `${password}, changed` }),
    "auth.refreshToken": () => auth.refreshToken(),
    "auth.redeem": () => auth.redeem({ code: "none", verifier: "none" }),
    "auth.login": () => auth.login({ username, password: `${password}, changed` }),
    "auth.logout": () => auth.logout(),
  };
  return Object.keys(window.calls);
}

/** `ok`, `role` or `sign-in` where that is missing, or the code of the error; of each call by name, one after the other. */
export async function outcomes(names) {
  const why = (message) =>
    /is for the role \w+ and above; "\w+" has the role/.test(message)
      ? "role"
      : /needs a sign-in/.test(message)
        ? "sign-in"
        : undefined;
  const outcomeOf = async (call) => {
    try {
      const answer = await call();
      // What never rejects says it in its answer.
      const { error, success, status, message } = answer ?? {};
      const isWell = error == null && success !== false && !["down", "degraded"].includes(status);
      return isWell ? "ok" : (why(error?.message ?? message) ?? JSON.stringify(answer));
    } catch (error) {
      return why(error.message) ?? error.code ?? error.message;
    }
  };
  const found = {};
  for (const name of names) found[name] = await outcomeOf(calls[name]);
  return found;
}

/** Files of executions from servers of earlier versions, which leave out nothing and do not say so. */
import { createConductor } from "@atomiton/conductor/desktop";
import { createMemoryExecutions } from "@atomiton/storage";
import { expect, it, onTestFinished } from "vitest";

import { group, leaf } from "../contract/flows.js";
import { httpServer, json } from "./servers.js";

it("are not handed over where something was to be left out", async () => {
  const types = { getNodeExecutable: () => ({ effects: "reads", execute: () => ({ email: "ada@example.com" }) }) };
  const store = createMemoryExecutions();
  const own = createConductor({ transport: "local", store, nodeExecutorFactory: types as never });
  onTestFinished(() => own.shutdown());
  await own.node.run(group("f", [leaf("a", { type: "read" })]) as never, { executionId: "one" });
  const whole = await own.executions.export("one");
  const server = await httpServer((_request, response) => json(response, Buffer.from(whole).toString("base64")));
  const remote = createConductor({ transport: "http", apiUrl: server.url });
  onTestFinished(() => remote.shutdown());
  expect(await remote.executions.export("one")).toEqual(whole);
  for (const options of [{ redact: ["**.email"] }, { withoutValues: true }]) {
    await expect(remote.executions.export("one", options)).rejects.toThrow(
      "Nothing was left out of the file of the execution one: the server is of an earlier version",
    );
    const file = await own.executions.export("one", options);
    expect(Buffer.from(file).toString("latin1")).not.toContain("ada@");
  }
});

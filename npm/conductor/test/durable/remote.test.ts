/** Executions of a store on the other side of a wire, replayed here. */
import { createConductor, openReplay } from "@atomiton/conductor/desktop";
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { applications } from "../desktop/process/application.js";
import { httpServer, json } from "../transports/servers.js";
import { memory, Process, World } from "./world.js";

const shop = () => group("shop", [leaf("see", { type: "read" }), leaf("buy", { type: "pay" })], [edge("see", "buy")]);

async function recorded() {
  const process = new Process(new World(), memory());
  await process.conductor.node.run(shop() as never, { executionId: "far" });
  return process;
}

describe("an execution of a server", () => {
  it("is replayed, imported and followed over HTTP", async () => {
    const { conductor } = await recorded();
    const { executions } = conductor;
    // As a server carries the commands out that are declared: bytes are text in base64.
    const commands: Record<string, (sent: Record<string, string>) => Promise<unknown>> = {
      exportExecution: async ({ executionId = "" }) => {
        return Buffer.from(await executions.export(executionId)).toString("base64");
      },
      importExecution: ({ data = "", id }) => {
        return executions.import(new Uint8Array(Buffer.from(data, "base64")), id === undefined ? {} : { id });
      },
      getExecution: ({ executionId = "" }) => executions.get(executionId),
    };
    const server = await httpServer(async ({ path, body }, response) => {
      const command = commands[path.replace("/api/node/", "")];
      json(response, await command?.(JSON.parse(body)));
    });
    const client = createConductor({ transport: "http", apiUrl: server.url, logLevel: "error" });
    const replay = await client.executions.replay("far");
    expect(replay.at(replay.length).value("buy")).toEqual({ paid: "far/buy" });
    expect(replay.at(0).node("buy").state).toBe("pending");
    const bytes = await client.executions.export("far");
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect(await client.executions.import(bytes, { id: "again" })).toBe("again");
    const last = await new Promise<{ status: string }>((resolve) => client.executions.subscribe("again", resolve));
    expect(last.status).toBe("completed");
    await client.shutdown();
  });

  it("is refused where what comes is none", async () => {
    const server = await httpServer((_, response) => json(response, { not: "base64" }));
    const client = createConductor({ transport: "http", apiUrl: server.url, logLevel: "error" });
    await expect(client.executions.replay("far")).rejects.toMatchObject({ code: "DESERIALIZATION_FAILED" });
    await client.shutdown();
  });
});

describe("an execution of a desktop application", () => {
  const start = applications(() => ({}));

  it("reaches its pages as the file that it is, and comes from them", async () => {
    const { conductor } = await recorded();
    const page = await start({ conductor }).open();
    const call = async (command: string, args: object) => {
      const { result, error } = (await page.call("node", command, args)) as { result?: unknown; error?: string };
      if (error !== undefined) throw new Error(error);
      return result;
    };
    const data = (await call("exportExecution", { executionId: "far" })) as string;
    const replay = await openReplay(new Uint8Array(Buffer.from(data, "base64")));
    expect(replay.at(replay.length).value("see")).toBe(1);
    expect(await call("importExecution", { data, id: "copy" })).toBe("copy");
    expect(await call("getExecution", { executionId: "copy" })).toMatchObject({ status: "completed", flowId: "shop" });
    expect(await call("listExecutions", {})).toMatchObject({ executions: [{ id: "copy" }, { id: "far" }] });
    expect(await call("logsOfExecution", { executionId: "far" })).toEqual([]);
    expect(await call("traceOfExecution", { executionId: "far" })).toMatchObject({ executionId: "far" });
    expect(await call("resumeExecution", { executionId: "none" }).catch(({ message }) => message)).toContain("none");
  });
});

import { existsSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

import {
  createPathManager,
  type ElectronPaths,
  getPathManager,
  initializePathManager,
  sanitise,
} from "../src/exports/desktop.js";
import { failureOf, temporaryFolder } from "./folder.js";

const app: ElectronPaths = { getPath: (name) => `/app/${name}`, isPackaged: true };

afterEach(() => vi.unstubAllEnvs());

describe("the path manager", () => {
  // This comes first: the shared manager stays for the rest of the process.
  it("is shared once it is initialized, and says so before", () => {
    expect(() => getPathManager()).toThrow("PathManager not initialized. Call initializePathManager() first.");
    const manager = initializePathManager({ context: "test", testId: "shared" });
    expect(getPathManager()).toBe(manager);
  });

  it("gives tests a folder of their own below the temporary one", () => {
    const folder = join(tmpdir(), "atomiton-test", "my-test");
    const manager = createPathManager({ context: "test", testId: "my-test" });
    for (const path of Object.values(manager.getAllPaths())) expect(path.startsWith(folder)).toBe(true);
    const unnamed = createPathManager({ context: "test" }).getUserDataPath();
    expect(unnamed).toMatch(new RegExp(`atomiton-test[/\\\\]\\d{13}-${process.pid}[/\\\\]`));
  });

  it("keeps development apart from production", () => {
    const production = createPathManager({ context: "production", app, appName: "Mine" });
    expect(production.getUserDataPath()).toBe("/app/userData");
    expect(production.getPath("documents")).toBe(join("/app/documents", "Mine"));
    const development = createPathManager({ context: "development", app, appName: "Mine" });
    expect(development.getUserDataPath()).toBe(join("/app/userData", "Dev"));
    expect(development.getPath("documents")).toBe(join("/app/documents", "MineDev"));
  });

  it.each(["electronApp", "app"] as const)("finds what earlier versions kept for the application in %s", (option) => {
    vi.stubEnv("NODE_ENV", "");
    const packaged = createPathManager({ [option]: app });
    expect(packaged.getContext()).toBe("production");
    expect(packaged.getUserDataPath()).toBe("/app/userData");
    expect(packaged.getFlowPath("f")).toBe(join("/app/documents", "Atomiton", "flows", "f.flow.yaml"));
    expect(packaged.getTempPath()).toBe("/app/temp");
    expect(packaged.getLogsPath()).toBe(join("/app/userData", "logs"));
    const unpackaged = initializePathManager({ [option]: { ...app, isPackaged: false } });
    expect(unpackaged.getContext()).toBe("development");
    expect(unpackaged.getUserDataPath()).toBe(join("/app/userData", "Dev"));
    expect(unpackaged.getFlowPath("f")).toBe(join("/app/documents", "AtomitonDev", "flows", "f.flow.yaml"));
    expect(unpackaged.getTempPath()).toBe("/app/temp");
    expect(unpackaged.getLogsPath()).toBe(join("/app/userData", "Dev", "logs"));
  });

  it("takes `electronApp` where there are both", () => {
    const other: ElectronPaths = { getPath: (name) => `/other/${name}`, isPackaged: false };
    const manager = createPathManager({ context: "production", electronApp: app, app: other });
    expect(manager.getUserDataPath()).toBe("/app/userData");
  });

  it("knows places without Electron", () => {
    const manager = createPathManager({ context: "production" });
    expect(manager.getUserDataPath()).toBe(join(homedir(), ".atomiton"));
    expect(manager.getPath("documents")).toBe(join(homedir(), "Documents", "Atomiton"));
    expect(manager.getTempPath()).toBe(tmpdir());
  });

  it("finds out where it runs", () => {
    for (const [environment, packaged, context] of [
      ["test", true, "test"],
      ["development", true, "development"],
      ["production", false, "development"],
      ["production", true, "production"],
      ["", true, "production"],
    ] as const) {
      vi.stubEnv("NODE_ENV", environment);
      const manager = createPathManager({ app: { ...app, isPackaged: packaged } });
      expect([manager.context, manager.getContext()]).toEqual([context, context]);
    }
  });

  it("has a place for everything, and overrides win", () => {
    const overrides = { flows: "/mine/flows", database: "/mine/db" };
    const manager = createPathManager({ context: "production", app, overrides });
    const paths = manager.getAllPaths();
    expect(Object.keys(paths).sort()).toEqual([
      "config",
      "database",
      "documents",
      "exports",
      "flows",
      "logs",
      "nodePackages",
      "temp",
      "templates",
      "userData",
      "workspaces",
    ]);
    expect(new Set(Object.values(paths)).size).toBe(11);
    expect(paths).toMatchObject(overrides);
    expect(manager.getFlowPath("my-flow")).toBe(join("/mine/flows", "my-flow.flow.yaml"));
    expect(manager.getFlowPath("my-flow", "team")).toBe(join(paths.workspaces, "team", "flows", "my-flow.flow.yaml"));
    expect(manager.getFlowsDirectory()).toBe("/mine/flows");
    expect(manager.getFlowsDirectory("team")).toBe(join(paths.workspaces, "team", "flows"));
    expect(manager.getWorkspacePath("team")).toBe(join(paths.workspaces, "team"));
    expect(manager.getConfigPath("app")).toBe(join(paths.config, "app.json"));
    expect(manager.getConfigPath("app.yaml")).toBe(join(paths.config, "app.yaml"));
    expect(manager.getDatabasePath("runs")).toBe(join("/mine/db", "runs.db"));
    expect(manager.getExportPath("out.csv")).toBe(join(paths.exports, "out.csv"));
  });

  it("lets no name lead out of its folder", () => {
    const manager = createPathManager({ context: "production", app });
    const { flows, workspaces } = manager.getAllPaths();
    for (const name of ["../x", "..", "/etc/passwd", "..\\..\\x", "C:\\x", "a\0b", "", "..."]) {
      expect(join(manager.getFlowPath(name), "..")).toBe(flows);
      expect(join(manager.getFlowPath("f", name), "..", "..", "..")).toBe(workspaces);
      expect(join(manager.getWorkspacePath(name), "..")).toBe(workspaces);
      expect(manager.getWorkspacePath(name)).not.toBe(workspaces);
    }
  });
});

describe("sanitise", () => {
  it.each([
    ["my-flow", "my-flow"],
    ["My flow (2)", "My flow (2)"],
    ["...x", "_x"],
    ["../x", "__x"],
    ["a..b", "a__b"],
    ["a/b\\c", "a_b_c"],
    ['a<>:"|?*b', "a_______b"],
    ["  x  ", "x"],
    ["", "_"],
    ["  ", "_"],
    ["a\0\n", "a__"],
    ["con", "_con"],
    ["NUL.txt", "_NUL.txt"],
    ["console", "console"],
    ["x.", "x"],
    ["é".repeat(300), "é".repeat(100)],
  ])("turns %j into %j", (text, name) => {
    expect(sanitise(text)).toBe(name);
    expect(createPathManager().sanitizePath(text)).toBe(name);
  });
});

describe("ensureDirectory", () => {
  async function managed() {
    const outer = await temporaryFolder();
    const base = join(outer, "base");
    await mkdir(join(outer, "base-evil"));
    const names = [
      "userData",
      "documents",
      "temp",
      "logs",
      "workspaces",
      "flows",
      "nodePackages",
      "templates",
      "exports",
      "config",
      "database",
    ];
    const overrides = Object.fromEntries(names.map((name) => [name, join(base, name)]));
    return { outer, base, manager: createPathManager({ context: "test", overrides }) };
  }

  it("makes folders inside of the managed ones", async () => {
    const { base, manager } = await managed();
    const folder = join(base, "flows", "a", "b");
    expect(await manager.ensureDirectory(folder)).toBeUndefined();
    expect(existsSync(folder)).toBe(true);
    await manager.ensureDirectory(folder);
    await manager.ensureAllDirectories();
    for (const path of Object.values(manager.getAllPaths())) expect(existsSync(path)).toBe(true);
  });

  it("makes none outside, however the path is put", async () => {
    const { outer, base, manager } = await managed();
    await manager.ensureAllDirectories();
    await symlink(outer, join(base, "flows", "link"));
    for (const path of [
      outer,
      base,
      join(outer, "base-evil", "x"),
      `${join(base, "flows")}-evil`,
      `${base}/flows/../../x`,
      `${base}/flows/../x`,
      join(base, "flows", "link", "x"),
      join(base, "flows", "a\0b"),
      "relative/x",
      "/",
    ]) {
      expect(await failureOf(manager.ensureDirectory(path)), path).toMatchObject({
        code: "ACCESS_DENIED",
        message: "Invalid path: must be within managed directories",
      });
    }
    expect(existsSync(join(outer, "x"))).toBe(false);
    expect(existsSync(join(base, "x"))).toBe(false);
  });
});

/** `conductor serve --openid`: a server in a process of its own, whose users sign in at an issuer. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { Browser } from "../server/openid/browser.js";
import { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SITE, startIssuer } from "../server/openid/issuer.js";
import { codeIn } from "../server/openid/served.js";
import { conductor, file, folder, start } from "./cli.js";

const settingsOf = (issuer: string, clientSecret: string) => `
issuer: ${issuer}
clientId: ${CLIENT_ID}
clientSecret: ${clientSecret}
redirectUri: ${REDIRECT_URI}
roles:
  claim: groups
  map: { flows-admins: admin }
`;

describe("conductor serve --openid", () => {
  it.each(["env:OPENID_SECRET", "file:openid-secret"])(
    "lets people in where there are no keys and users, with the secret of %s",
    async (from) => {
      const root = folder();
      const issuer = await startIssuer();
      issuer.people.set("ada", { groups: ["flows-admins"], email: "ada@example.com" });
      issuer.who = "ada";
      file(root, "openid-secret", `${CLIENT_SECRET}\n`);
      const settings = file(root, "openid.yaml", settingsOf(issuer.address, from));
      const store = `sqlite:${join(root, "c.db")}`;
      const where = ["--store", store, "--no-config"];
      const options = ["--port", "0", ...where, "--keys", join(root, "keys.json"), "--openid", settings];
      const running = start(["serve", ...options], { cwd: folder(), env: { OPENID_SECRET: CLIENT_SECRET } });
      onTestFinished(() => void running.child.kill("SIGKILL"));
      await running.says("Callers sign in");
      const { apiUrl } = running;

      const browser = new Browser({ [SITE]: new URL(apiUrl).origin });
      const login = `${SITE}/api/auth/openid/login?challenge=${browser.challenge}`;
      const { url } = await browser.go(login, ({ hash }) => hash !== "");
      const body = JSON.stringify({ code: codeIn(url), verifier: browser.verifier });
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${apiUrl}/auth/redeem`, { method: "POST", headers, body });
      const name = `openid:ada@${issuer.address}`;
      expect(await response.json()).toMatchObject({ user: { username: name, roles: ["admin"] } });
      expect((await conductor("users", "list", ...where)).stdout).toMatch(
        /^openid:ada@\S+ +admin .*ada@example.com\n$/,
      );
      expect(await conductor("users", "remove", name, ...where)).toMatchObject({ code: 0 });
    },
  );

  it("refuses what cannot be, in one line each", async () => {
    const root = folder();
    const good = settingsOf("https://login.example.com", "env:OPENID_SECRET");
    const serve = (text: string, ...args: string[]) => {
      const options = ["--openid", file(root, "openid.yaml", text), "--no-config", "--keys", join(root, "keys.json")];
      return conductor("serve", ...options, "--store", `sqlite:${join(root, "c.db")}`, ...args);
    };
    for (const [ending, said] of [
      [await serve(good), "no such variable"],
      [await serve(settingsOf("https://login.example.com", "a-secret")), "no secret stands here"],
      [await serve(settingsOf("https://login.example.com", "file:none")), "ENOENT"],
      [await serve("a: [1"), "openid.yaml"],
      [await serve(""), "clientSecret"],
      [await serve(good, "--open"), "--open lets in everybody"],
    ] as const) {
      expect(ending).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
      expect(ending.stderr).not.toContain("a-secret");
      expect(ending.stderr.trimEnd().split("\n")).toHaveLength(1);
    }
  });
});

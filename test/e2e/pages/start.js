import assert from "node:assert/strict";
import {spawn, spawnSync} from "node:child_process";
import {once} from "node:events";
import {mkdtempSync, rmSync} from "node:fs";
import {createServer} from "node:net";
import {tmpdir} from "node:os";
import path from "node:path";
import {after, before, test} from "node:test";
import {audit, check, demo, fresh, picture, program, visit} from "../kit.js";

// The address of the first request and what it needs, as a page has it to be pasted.
async function paste(page) {
  const text = (await page.locator("pre.secret").textContent()).replaceAll("\\\n", " ");
  const url = text.match(/'(http[^']+)'/)[1];
  const [name, value] = text.match(/--header '([^']+)'/)[1].split(": ");
  return (await fetch(url, {headers: {[name]: value}})).status;
}

check("start", {
  as: "admin", path: "/sallyport/start",
  story: async (page) => {
    const name = fresh("api");
    await page.getByLabel("URL of the API").fill("http://127.0.0.1:1");
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Base path", {exact: false}).first().fill(`/${name}`);
    await page.getByRole("button", {name: "Guard it"}).click();
    await page.getByText("Nothing listens at 127.0.0.1:1.").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), name);
    await page.getByLabel("URL of the API").fill(demo.upstream_url);
    await page.getByRole("button", {name: "Guard it"}).click();
    await page.getByText("The API is guarded.").waitFor();
    await audit(page, "a token");
    await picture(page, "start-token");
    await page.getByText("Read only").click();
    await page.getByRole("button", {name: "Make the token"}).click();
    await page.getByText("Nothing came yet.").waitFor();
    await audit(page, "the first request");
    await paste(page);
    await page.getByRole("link", {name: "Look again"}).click(); // as it is told without a script
    await page.getByText("A request was let in").waitFor();
    await audit(page, "the first request came");
    await picture(page, "start-first");
  },
  wrong: async (page) => {
    await page.getByLabel("URL of the API").fill("http://127.0.0.1:1");
    await page.getByLabel("Name").fill("kept");
    await page.getByLabel("OpenAPI document").fill("hello: {");
    await page.getByRole("button", {name: "Guard it"}).click();
    await page.locator("#document-fault").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), "kept");
    assert.equal(await page.getByLabel("OpenAPI document").inputValue(), "hello: {");
  },
});

// An installation that nobody has used yet.
let empty, url, code, folder;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sallyport-first-"));
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const {port} = listener.address();
  listener.close();
  await once(listener, "close");
  url = `http://127.0.0.1:${port}`;
  const made = spawnSync(program, ["init", "--dir", folder, "--listen", `127.0.0.1:${port}`, "--url", url]);
  assert.equal(made.status, 0, `${made.stderr}`);
  empty = spawn(program, ["serve", "--config", path.join(folder, "sallyport.yaml")], {
    stdio: ["ignore", "inherit", "pipe"],
    env: {PATH: process.env.PATH, SALLYPORT_STORAGE_URL: `sqlite:${path.join(folder, "empty.db")}`, SALLYPORT_INTERNAL_LISTEN: "127.0.0.1:0"},
  });
  code = await new Promise((resolve, reject) => {
    let said = "";
    empty.stderr.on("data", (text) => {
      said += text;
      const found = said.match(/"code":"([a-z2-7-]+)"/);
      if (found && said.includes('"listener":"public"')) resolve(found[1]);
    });
    empty.on("exit", (status) => reject(new Error(`it ended with ${status}: ${said}`)));
  });
});

after(async () => {
  if (empty && empty.exitCode === null) {
    empty.kill("SIGTERM");
    await once(empty, "exit");
  }
  if (folder) rmSync(folder, {recursive: true, force: true});
});

check("first-run", {
  as: null, path: () => `${url}/sallyport/first-run`,
  wrong: async (page) => {
    await page.getByLabel("Code of the first run").fill("aaaa-bbbb-cccc-dddd");
    await page.getByLabel("Login").fill("jane");
    await page.getByLabel("Password", {exact: true}).fill("correct horse battery");
    await page.getByLabel("The same password again").fill("correct horse battery");
    await page.getByRole("button", {name: "Make the administrator"}).click();
    await page.getByText("This is not the code").waitFor();
    assert.equal(await page.getByLabel("Login").inputValue(), "jane");
  },
});

test("from an empty installation to the first request", () => visit(null, {}, async (page) => {
  await page.goto(`${url}/sallyport/account`);
  await page.getByLabel("Code of the first run").fill(code);
  await page.getByLabel("Login").fill("jane");
  await page.getByLabel("Password", {exact: true}).fill("correct horse battery");
  await page.getByLabel("The same password again").fill("correct horse battery");
  await page.getByRole("button", {name: "Make the administrator"}).click();
  await page.getByLabel("URL of the API").fill(`${demo.upstream_url}/inventory`);
  await page.getByRole("button", {name: "Guard it"}).click();
  await page.getByRole("button", {name: "Make the token"}).click();
  await page.getByText("Nothing came yet.").waitFor();
  await paste(page);
  await page.getByText("A request was let in").waitFor(); // told without anybody asking
  await page.goto(`${url}/sallyport/first-run`);
  await page.getByRole("heading", {name: "Overview"}).waitFor();
}));

import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {audit, check, demo, fresh, installed, picture, visit} from "../kit.js";

// The address of the first request and what it needs, as a page has it to be pasted.
async function paste(page) {
  const text = (await page.locator("pre.secret").textContent()).replaceAll("\\\n", " ");
  const url = text.match(/'(http[^']+)'/)[1];
  const [name, value] = text.match(/--header '([^']+)'/)[1].split(": ");
  return (await fetch(url, {headers: {[name]: value}})).status;
}

// The three steps; look is called at each page but the first.
async function walk(page, look = async () => {}) {
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
  await look("start-token");
  await page.getByText("Read only").click();
  await page.getByRole("button", {name: "Make the token"}).click();
  await page.getByText("Nothing came yet.").waitFor();
  await look("start-waiting");
  await paste(page);
  await page.getByRole("link", {name: "Look again"}).click(); // as it is told without a script
  await page.getByText("A request was let in").waitFor();
  await look("start-first");
}

test("the steps to a first request", () => visit("admin", {}, async (page) => {
  await page.goto("/sallyport/start");
  await walk(page, async (name) => {
    await audit(page, name);
    await picture(page, name);
  });
}));

check("start", {
  as: "admin", path: "/sallyport/start",
  story: (page) => walk(page),
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
let empty;

before(async () => { empty = await installed({empty: true}); });
after(() => empty?.stop());

check("first-run", {
  as: null, path: () => `${empty.url}/sallyport/first-run`,
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
  await page.goto(`${empty.url}/sallyport/account`);
  await page.getByLabel("Code of the first run").fill(empty.code);
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
  await page.goto(`${empty.url}/sallyport/first-run`);
  await page.getByRole("heading", {name: "Overview"}).waitFor();
}));

import assert from "node:assert/strict";
import {audit, check, demo, fresh} from "../kit.js";

// An API from being guarded to being let go: its routes made anew from an OpenAPI
// document, its whole document edited, and unmounted.
const described = (...paths) => JSON.stringify({
  openapi: "3.1.0", info: {title: "Pets", version: "1"},
  paths: Object.fromEntries(paths.map((path) => [path, {get: {operationId: `get ${path.slice(1)}`, summary: `All ${path.slice(1)}`, responses: {200: {description: "ok"}}}}])),
});

async function guard(page) {
  const name = fresh("pets");
  await page.goto("/sallyport/start");
  await page.getByLabel("URL of the API").fill(demo.upstream_url);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Base path", {exact: false}).first().fill(`/${name}`);
  await page.getByLabel("OpenAPI document").fill(described("/cats", "/dogs"));
  await page.getByRole("button", {name: "Guard it"}).click();
  await page.getByText("The API is guarded.").waitFor();
  return name;
}

check("api-changes", {
  as: "admin", path: "/sallyport/apis",
  story: async (page) => {
    const name = await guard(page);
    await page.goto(`/sallyport/apis/${name}`);
    await page.getByRole("link", {name: "Bring it up to date"}).click();
    await page.getByLabel("OpenAPI document").fill(described("/cats", "/birds"));
    await page.getByRole("button", {name: "Show what would change"}).click();
    await page.getByText("GET /birds").waitFor();
    await page.getByText("GET /dogs").waitFor();
    await audit(page, "what would change");
    await page.getByRole("button", {name: "Put it in force"}).click();
    await page.getByRole("heading", {name: "What it accepts"}).waitFor();

    await page.getByRole("link", {name: "Edit the document"}).click();
    const field = page.getByLabel("Document", {exact: true});
    await field.fill((await field.inputValue()).replace('"title": "Pets"', '"title": "Pets and more"'));
    await page.getByRole("button", {name: "Save"}).click();
    await page.getByRole("heading", {name: "Pets and more"}).waitFor();

    await page.getByRole("link", {name: "Unmount"}).click();
    await page.getByText("This cannot be undone.").waitFor();
    await audit(page, "unmount");
    await page.getByRole("link", {name: "Keep it as it is"}).click();
    await page.getByRole("heading", {name: "What it accepts"}).waitFor();
  },
});

// mount mounts an API by the management API, and returns the path of its page.
async function mount() {
  const name = fresh("kept");
  const headers = {"Authorization": "Basic " + Buffer.from(`admin:${demo.password("admin")}`).toString("base64"), "Content-Type": "application/json"};
  const document = {name, base_path: `/${name}`, upstream: {url: demo.upstream_url}, routes: [{id: "list", methods: ["GET"], path: "/list", authenticated: true}]};
  const answer = await fetch(`${demo.url}/sallyport/api/v1/apis`, {method: "POST", headers, body: JSON.stringify(document)});
  assert.equal(answer.status, 201, await answer.clone().text());
  return `/sallyport/apis/${name}`;
}

let mine;
const ours = (rest) => async () => `${await (mine ??= mount())}${rest}`;

check("api-import", {
  as: "admin", path: ours("/import"),
  wrong: async (page) => {
    await page.getByLabel("OpenAPI document").fill("hello: {");
    await page.getByRole("button", {name: "Show what would change"}).click();
    await page.locator("#document-fault").waitFor();
    assert.equal(await page.getByLabel("OpenAPI document").inputValue(), "hello: {");
  },
});

check("api-unmount", {
  as: "admin", path: ours("/delete"),
  story: async (page) => {
    await page.goto(`${await mount()}/delete`);
    await page.getByRole("button", {name: "Unmount"}).click();
    await page.getByText("The API is unmounted.").waitFor();
  },
});

import assert from "node:assert/strict";
import {check, demo} from "../kit.js";

check("shadows", {as: "admin", path: "/sallyport/advise/shadows"});

check("shadow-new", {
  as: "admin", path: "/sallyport/advise/shadows/new",
  wrong: async (page) => {
    await page.getByRole("textbox", {name: "Policy"}).fill("polcy: x");
    await page.getByLabel("Called").fill("mine");
    await page.getByRole("button", {name: "Try a draft"}).click();
    await page.locator("#policy-fault").waitFor();
    assert.equal(await page.getByRole("textbox", {name: "Policy"}).inputValue(), "polcy: x");
    assert.equal(await page.getByLabel("Called").inputValue(), "mine");
  },
});

// begun returns the path of a draft that is tried.
let path;
async function begun() {
  if (!path) {
    const headers = {"Authorization": "Basic " + Buffer.from(`admin:${demo.password("admin")}`).toString("base64"), "Content-Type": "application/json"};
    const policy = {policy: "tighter", tenant: "DemoTenant5", bindings: [{user: "viewer", role: "viewer", state: "deactivated"}]};
    const answer = await fetch(`${demo.url}/sallyport/api/v1/shadows`, {method: "POST", headers, body: JSON.stringify({policy, adopt: true})});
    assert.equal(answer.status, 201, await answer.clone().text());
    path = `/sallyport/advise/shadows/${(await answer.json()).id}`;
  }
  return path;
}

check("shadow", {
  as: "admin", path: begun, script: true,
  story: async (page) => {
    await page.getByRole("button", {name: "Pause"}).waitFor();
    await page.getByRole("link", {name: "Put it in force"}).click();
    await page.getByRole("heading", {name: "Put tighter in force?"}).waitFor();
    await page.getByRole("link", {name: "Keep it as it is"}).click();
  },
});

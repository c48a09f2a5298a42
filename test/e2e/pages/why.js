import assert from "node:assert/strict";
import {check, demo} from "../kit.js";

// refused has a program of the demonstration be refused, and returns the id of
// the request. It may read the inventory, and not change it.
let request;
async function refused() {
  if (!request) {
    const answer = await fetch(`${demo.url}/inventory/items`, {
      method: "POST", headers: {
        "Authorization": "Basic " + Buffer.from(`viewer:${demo.password("viewer")}`).toString("base64"), "Content-Type": "application/json",
      }, body: "{}",
    });
    assert.equal(answer.status, 403);
    request = answer.headers.get("x-request-id");
  }
  return request;
}

const explained = async (page) => {
  await page.goto(`/sallyport/why/${await refused()}`);
  await page.getByText("permission_missing").first().waitFor();
};

check("why", {
  as: "admin", path: "/sallyport/why",
  story: async (page) => {
    await page.getByLabel("Request id").fill(await refused());
    await page.getByRole("button", {name: "Explain"}).click();
    await page.getByText("permission_missing").first().waitFor();
    await page.getByRole("heading", {name: "The way through both doors"}).waitFor();
  },
  wrong: async (page) => {
    await page.getByLabel("Address").fill("here");
    await page.getByLabel("API").fill("inventory");
    await page.getByRole("button", {name: "Search"}).click();
    await page.locator("#address-fault").waitFor();
    assert.equal(await page.getByLabel("API").inputValue(), "inventory");
  },
});

check("decision", {
  as: "admin", path: async () => `/sallyport/why/${await refused()}`,
  story: async (page) => {
    await explained(page);
    await page.getByText("It would still be refused now").waitFor();
    await page.getByRole("link", {name: "Grant the smallest role"}).click();
    await page.getByRole("link", {name: "Keep it as it is"}).click();
    await page.getByRole("link", {name: "Grant the smallest role"}).waitFor();
  },
});

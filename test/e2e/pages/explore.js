import assert from "node:assert/strict";
import {audit, check, demo} from "../kit.js";

const inventory = () => `/sallyport/apis/inventory/explore?tenant=${demo.tenant("DemoTenant5")}`;
const call = (key, api = "inventory") => `/sallyport/apis/${api}/explore?op=${encodeURIComponent(key)}&tenant=${demo.tenant("DemoTenant5")}`;

check("explore", {
  as: "viewer", path: inventory,
  story: async (page) => {
    await page.getByLabel("Path or title contains").fill("items");
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByRole("link", {name: "List items"}).click();
    await page.getByLabel("limit (query)").fill("2");
    await page.getByRole("button", {name: "Send GET"}).click();
    await page.getByText("200 OK").waitFor();
    assert.match(await page.locator("pre.answer").textContent(), /"items": \[/);
  },
  wrong: async (page) => {
    await page.getByLabel("Path or title contains").fill("no such call");
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByText("No call fits.").waitFor();
  },
});

check("explore-call", {
  as: "viewer", path: () => call("POST /inventory/items"),
  story: async (page) => {
    await page.getByText("inventory/write").first().waitFor(); // what is missing is named before anything is tried
    await page.getByRole("button", {name: "Send POST"}).click();
    await page.getByText("Sallyport refused the call").waitFor();
    await page.getByRole("link", {name: "Why, and what would let it pass"}).click();
    await page.getByText("permission_missing").first().waitFor();
  },
  wrong: async (page) => {
    await page.getByLabel("Body").fill("{not JSON");
    await page.getByRole("button", {name: "Send POST"}).click();
    await page.locator("#body-fault").waitFor();
    assert.equal(await page.getByLabel("Body").inputValue(), "{not JSON");
  },
});

// Every dialect's page can be opened by somebody, and each call of it shown.
for (const api of ["itadvisor", "truesight", "orchestrator", "itop", "edgeintel", "sallyport"]) {
  check(`explore-${api}`, {
    as: "admin", path: `/sallyport/apis/${api}/explore`,
    story: async (page) => {
      await page.locator(".calls tbody a").first().click();
      await page.getByRole("heading", {name: "May I?"}).waitFor();
    },
  });
}

check("explore-own", {
  as: "viewer", path: "/sallyport/apis",
  story: async (page) => {
    await page.getByRole("link", {name: "Explore Inventory"}).click();
    await page.getByRole("heading", {name: "Explore Inventory"}).waitFor();
    await page.getByRole("link", {name: "OpenAPI document"}).waitFor();
  },
});

// The answer of a call is a page like the others.
check("explore-answer", {
  as: "viewer", script: true, path: () => call("GET /inventory/items"),
  story: async (page) => {
    await page.getByRole("button", {name: "Send GET"}).click();
    await page.getByText("200 OK").waitFor();
    await audit(page, "answered");
  },
});

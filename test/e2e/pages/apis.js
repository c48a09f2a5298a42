import assert from "node:assert/strict";
import {check, demo, tabTo} from "../kit.js";

check("apis", {
  as: "admin", path: "/sallyport/apis",
  story: async (page) => {
    await page.getByLabel("Name or title contains").fill("inven");
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByRole("link", {name: "Inventory", exact: true}).waitFor();
    assert.equal(await page.getByRole("link", {name: "iTop"}).count(), 0);
    await page.getByRole("link", {name: "Inventory", exact: true}).click();
    await page.getByRole("heading", {name: "What it accepts"}).waitFor();
    await page.getByRole("link", {name: "Permissions and scopes"}).click();
    await page.getByRole("link", {name: "Who can inventory/write"}).waitFor();
  },
  wrong: async (page) => {
    await page.getByLabel("Name or title contains").fill("no such thing");
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByText("No API fits.").waitFor();
    assert.equal(await page.getByLabel("Name or title contains").inputValue(), "no such thing");
  },
});

check("api", {as: "admin", path: "/sallyport/apis/edgeintel"});

check("api-permissions", {as: "admin", path: "/sallyport/apis/inventory/permissions"});

check("api-routes", {
  as: "admin", path: () => `/sallyport/apis/inventory/routes?tenant=${demo.tenant("DemoTenant5")}`,
  story: async (page) => {
    await page.getByLabel("Path contains").fill("/items/{id}");
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByText("4 routes fit.").waitFor();
    await page.getByLabel("Show").selectOption({label: "what I may not"});
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByText("No route fits.").waitFor();
  },
  keys: async (page) => {
    await tabTo(page, "GET /inventory/whoami");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", {name: "Call it", exact: true}).waitFor();
  },
});

check("api-route", {
  as: "admin", path: () => `/sallyport/apis/inventory/route?id=read%20item&tenant=${demo.tenant("DemoTenant5")}`,
  story: async (page) => {
    await page.getByText("May I call it in DemoTenant5?").waitFor();
    await page.getByText("/inventory/items/ID").waitFor();
  },
});

check("api-settings", {
  as: "admin", path: "/sallyport/apis/itadvisor/settings",
  wrong: async (page) => {
    await page.getByLabel("session_idle").fill("3s");
    await page.getByRole("button", {name: "Save"}).click();
    await page.locator("#session_idle-fault").waitFor();
    assert.equal(await page.getByLabel("session_idle").inputValue(), "3s");
  },
});

check("api-document", {
  as: "admin", path: "/sallyport/apis/itadvisor/document",
  wrong: async (page) => {
    const field = page.getByLabel("Document");
    const text = (await field.inputValue()).replace('"name"', '"nme"');
    await field.fill(text);
    await page.getByRole("button", {name: "Save"}).click();
    await page.locator("#document-fault").waitFor();
    assert.equal(await field.inputValue(), text);
  },
});

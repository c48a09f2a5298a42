import assert from "node:assert/strict";
import {check, demo} from "../kit.js";

check("overview", {
  as: "admin", path: "/sallyport/overview",
  story: async (page) => {
    await page.getByLabel("Where").selectOption({label: "acme_3"});
    await page.getByRole("button", {name: "Show"}).click();
    await page.getByText("Refusals by reason").waitFor();
    assert.equal(await page.getByText("Credentials known").count(), 0);
  },
});

check("audit", {
  as: "admin", path: "/sallyport/audit",
  story: async (page) => {
    await page.getByLabel("Action begins with").fill("role.create");
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByText("role.create").first().waitFor();
    await page.getByText("What changed").first().click();
    await page.getByRole("button", {name: "Verify the chain"}).click();
    await page.getByText("The chain is sound").waitFor();
  },
  wrong: async (page) => {
    await page.getByLabel("Who").fill("nobody-at-all");
    await page.getByLabel("Action begins with").fill("user.");
    await page.getByRole("button", {name: "Search"}).click();
    await page.locator("#actor-fault").waitFor();
    assert.equal(await page.getByLabel("Action begins with").inputValue(), "user.");
  },
});

check("who-can", {
  as: "admin", path: () => `/sallyport/access/${demo.tenant("DemoTenant5")}/who-can?permission=inventory/read`,
  story: async (page) => {
    await page.getByRole("link", {name: "viewer", exact: true}).waitFor();
    await page.getByLabel("Permission").selectOption("inventory/write");
    await page.getByRole("button", {name: "Ask"}).click();
    await page.getByRole("link", {name: "operator", exact: true}).waitFor();
    assert.equal(await page.getByRole("link", {name: "viewer", exact: true}).count(), 0);
  },
});

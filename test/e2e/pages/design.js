import assert from "node:assert/strict";
import {test} from "node:test";
import {check, visit} from "../kit.js";

check("design", {as: "admin", path: "/sallyport/design"});

test("what is copied is what is shown, and times are in the reader's zone", () => visit("admin", {}, async (page) => {
  await page.goto("/sallyport/design");
  await page.getByRole("button", {name: "Copy 5a11f0e7"}).click();
  await page.getByRole("status").filter({hasText: "Copied"}).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "5a11f0e7-0000-4000-8000-000000000001");
  assert.match(await page.locator("time").first().getAttribute("title"), /CES?T|GMT\+[12]/);
}));

test("without a script there is no button that does nothing", () => visit("admin", {javaScriptEnabled: false}, async (page) => {
  await page.goto("/sallyport/design");
  assert.equal(await page.locator("button[data-copy]:visible").count(), 0);
}));

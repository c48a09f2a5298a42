import assert from "node:assert/strict";
import {test} from "node:test";
import {audit, check, visit} from "../kit.js";

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

// On a narrow screen the areas are behind a button, which needs no script.
for (const javaScriptEnabled of [true, false]) {
  test(`the areas on a narrow screen, ${javaScriptEnabled ? "with" : "without"} a script`, () => visit("admin", {javaScriptEnabled}, async (page) => {
    await page.setViewportSize({width: 320, height: 640});
    await page.goto("/sallyport/account");
    const areas = page.getByRole("navigation", {name: "Areas"}), menu = page.getByRole("button", {name: "Menu"});
    await page.locator(".where").getByText("My account").waitFor();
    assert.equal(await areas.isVisible(), false);
    await menu.focus();
    await page.keyboard.press("Enter");
    await areas.waitFor();
    await audit(page, "the areas, narrow");
    await page.keyboard.press("Escape");
    await areas.waitFor({state: "hidden"});
    await menu.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab"); // to the first of them
    await page.keyboard.press("Enter");
    await page.getByRole("heading", {name: "Overview"}).waitFor();
    assert.equal(await areas.isVisible(), false);
  }));
}

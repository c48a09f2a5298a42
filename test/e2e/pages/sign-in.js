import assert from "node:assert/strict";
import {test} from "node:test";
import {check, demo, tabTo, visit} from "../kit.js";

check("sign-in", {
  as: null,
  path: "/sallyport/sign-in",
  story: async (page) => {
    await page.getByLabel("Login").fill("viewer");
    await page.getByLabel("Password").fill(demo.password("viewer"));
    await page.getByRole("button", {name: "Sign in"}).click();
    await page.getByRole("heading", {name: "My account"}).waitFor();
    await page.getByRole("button", {name: "Sign out"}).click();
    await page.getByText("You are signed out.").waitFor();
  },
  wrong: async (page) => {
    await page.getByLabel("Login").fill("viewer");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", {name: "Sign in"}).click();
    await page.getByText("The login or the password is wrong").waitFor();
    assert.equal(await page.getByLabel("Login").inputValue(), "viewer");
  },
  keys: async (page) => {
    await page.keyboard.type("viewer");
    await page.keyboard.press("Tab");
    await page.keyboard.type(demo.password("viewer"));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", {name: "My account"}).waitFor();
    await tabTo(page, "Skip to the page");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  },
});

test("a page that was left by signing out is not shown again", () => visit(null, {}, async (page) => {
  await page.goto("/sallyport/sign-in");
  await page.getByLabel("Login").fill("viewer");
  await page.getByLabel("Password").fill(demo.password("viewer"));
  await page.getByRole("button", {name: "Sign in"}).click();
  await page.getByRole("heading", {name: "My account"}).waitFor();
  await page.getByRole("button", {name: "Sign out"}).click();
  await page.getByText("You are signed out.").waitFor();
  await page.goBack();
  await page.getByRole("heading", {name: "Sign in to Sallyport"}).waitFor();
}));

import assert from "node:assert/strict";
import {createHmac} from "node:crypto";
import {test} from "node:test";
import {check, demo, visit} from "../kit.js";

// What an authenticator app shows: RFC 6238. ahead counts steps of half a minute.
function code(secret, ahead = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac("sha1", key).update(step).digest();
  const at = mac[mac.length - 1] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

check("factors", {
  as: "technician",
  path: "/sallyport/factors",
  story: async (page) => {
    await page.getByLabel("Name").fill("Phone");
    await page.getByRole("button", {name: "Set up an app"}).click();
    await page.getByRole("heading", {name: "Set up an app"}).waitFor();
    await page.getByLabel("Code").fill("000000");
    await page.getByRole("button", {name: "Put it in force"}).click();
    await page.getByText("The code is wrong").waitFor();
    await page.screenshot({path: new URL("../screenshots/factor-light.png", import.meta.url).pathname, fullPage: true});
    const secret = await page.locator("code.secret").textContent();
    await page.getByLabel("Code").fill(code(secret));
    await page.getByRole("button", {name: "Put it in force"}).click();
    await page.getByRole("heading", {name: "Recovery codes"}).waitFor();
    const codes = (await page.locator("pre.secret").textContent()).trim().split("\n");
    assert.equal(codes.length, 10);
    await page.getByRole("link", {name: "I have kept them"}).click();
    await page.getByText("You have 10 recovery codes left.").waitFor();

    await visit(null, {}, async (other) => {
      await other.goto("/sallyport/sign-in");
      await other.getByLabel("Login").fill("technician");
      await other.getByLabel("Password").fill(demo.password("technician"));
      await other.getByRole("button", {name: "Sign in"}).click();
      await other.getByRole("heading", {name: "One more step"}).waitFor();
      await other.screenshot({path: new URL("../screenshots/sign-in-code-light.png", import.meta.url).pathname, fullPage: true});
      await other.getByLabel("Code").fill(code(secret, 1));
      await other.getByRole("button", {name: "Sign in"}).click();
      await other.getByRole("heading", {name: "My account"}).waitFor();
    });

    await page.getByRole("link", {name: "Remove Phone"}).click();
    await page.getByText("It is your last one.").waitFor();
    await page.getByRole("button", {name: "Remove it"}).click();
    await page.getByText("You have none.").waitFor();
  },
});

test("who has no second factor is not asked for a code", () => visit(null, {}, async (page) => {
  await page.goto("/sallyport/sign-in");
  await page.getByLabel("Login").fill("viewer");
  await page.getByLabel("Password").fill(demo.password("viewer"));
  await page.getByRole("button", {name: "Sign in"}).click();
  await page.getByRole("heading", {name: "My account"}).waitFor();
}));

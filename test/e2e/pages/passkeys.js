import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {audit, check, installed, picture, visit} from "../kit.js";

// Browsers have passkeys at names and not at addresses, so the demonstration has none.
let own;

before(async () => { own = await installed({host: "localhost"}); });
after(() => own?.stop());

/** device plugs a device for passkeys into a page, which verifies who holds it. */
async function device(page, context) {
  const wire = await context.newCDPSession(page);
  await wire.send("WebAuthn.enable");
  const {authenticatorId} = await wire.send("WebAuthn.addVirtualAuthenticator", {options: {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
  }});
  return {
    keys: async () => (await wire.send("WebAuthn.getCredentials", {authenticatorId})).credentials,
    unverified: () => wire.send("WebAuthn.setUserVerified", {authenticatorId, isUserVerified: false}),
    verified: () => wire.send("WebAuthn.setUserVerified", {authenticatorId, isUserVerified: true}),
  };
}

async function signIn(page) {
  await page.goto(`${own.url}/sallyport/sign-in`);
  await page.getByLabel("Login").fill(own.login);
  await page.getByLabel("Password").fill(own.password);
  await page.getByRole("button", {name: "Sign in", exact: true}).click();
}

test("a passkey is made, and signs in after the password and alone", () => visit(null, {}, async (page, context) => {
  const plugged = await device(page, context);
  await signIn(page);
  await page.goto(`${own.url}/sallyport/factors`);
  await audit(page, "factors");
  await page.getByLabel("Name").fill("Laptop");
  await page.getByRole("button", {name: "Add a passkey"}).click();
  await page.getByRole("heading", {name: "Make a passkey"}).waitFor();
  await audit(page, "a new passkey");
  await picture(page, "passkey");
  await page.getByRole("button", {name: "Make the passkey"}).click();
  await page.getByRole("heading", {name: "Recovery codes"}).waitFor();
  await page.getByRole("link", {name: "I have kept them"}).click();
  await page.getByText("Laptop").waitFor();
  await audit(page, "factors with a passkey");
  await picture(page, "passkeys");
  assert.equal((await plugged.keys()).length, 1);
  await page.getByRole("button", {name: "Sign out"}).click();
  await page.getByText("You are signed out.").waitFor();

  await signIn(page);
  await page.getByRole("heading", {name: "One more step"}).waitFor();
  await audit(page, "one more step");
  await picture(page, "sign-in-code");
  await plugged.unverified();
  await page.getByRole("button", {name: "Use a passkey"}).click();
  await page.getByText("There was no answer of a passkey.").waitFor();
  await plugged.verified();
  await page.getByRole("button", {name: "Use a passkey"}).click();
  await page.getByRole("heading", {name: "Overview"}).waitFor();
  await page.getByRole("button", {name: "Sign out"}).click();

  await page.getByText("You are signed out.").waitFor();
  await picture(page, "sign-in-passkey");
  await page.getByRole("button", {name: "Use a passkey"}).click();
  await page.getByRole("heading", {name: "Overview"}).waitFor();
  await page.goto(`${own.url}/sallyport/factors`);
  await page.getByRole("link", {name: "Give Laptop another name"}).click();
  await page.getByLabel("Name").fill("Desk");
  await page.getByRole("button", {name: "Save"}).click();
  await page.getByText("It has its new name.").waitFor();
  await page.getByRole("link", {name: "Remove Desk"}).click();
  await page.getByText("It is your last one.").waitFor();
  await page.getByRole("button", {name: "Remove it"}).click();
  await page.getByText("You have none.").waitFor();
}));

check("sign-in-with-passkeys", {
  as: null, path: () => `${own.url}/sallyport/sign-in`,
  story: async (page) => {
    await page.getByLabel("Login").fill(own.login);
    await page.getByLabel("Password").fill(own.password);
    await page.getByRole("button", {name: "Sign in", exact: true}).click();
    await page.getByRole("heading", {name: "Overview"}).waitFor();
  },
});

import assert from "node:assert/strict";
import {audit, check, demo, free, fresh, linked, tabTo} from "../kit.js";

const secretOf = (name) => demo.credentials.find((c) => c.name === name).secret;

// What the page of a token tells of: some requests with it, let in and refused.
let knocked;
const knock = () => knocked ??= (async () => {
  const headers = {authorization: `Bearer ${secretOf("laptop")}`};
  for (let i = 0; i < 5; i++) await fetch(`${demo.url}/inventory/items`, {headers});
  await fetch(`${demo.url}/inventory/items/itm-0001`, {headers, method: "DELETE"});
  await fetch(`${demo.url}/inventory/nowhere`, {headers});
})();

const laptop = (rest) => async () => {
  await knock();
  return linked("viewer", "/sallyport/account", "laptop", rest)();
};
const main = (rest) => () => `/sallyport/access/${demo.tenant("DemoTenant5")}${rest}`;

/** make makes a token of one's own, and goes to its page. */
async function make(page, name, expires = "7") {
  await page.goto("/sallyport/tokens/new");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("All that I may").check();
  await page.getByLabel("Expires", {exact: true}).selectOption(expires);
  await page.getByRole("button", {name: "Make the token"}).click();
  await page.getByText("will not be shown again").waitFor();
  await page.getByRole("link", {name: "I have copied it"}).click();
  await page.getByRole("heading", {name}).waitFor();
}

check("account", {
  as: "viewer", path: "/sallyport/account",
  story: async (page) => {
    await page.getByRole("heading", {name: "Contact"}).waitFor();
    const row = page.getByRole("row").filter({hasText: demo.tenant("DemoTenant5")});
    await row.getByRole("link", {name: /What I may do/}).click();
    await page.getByRole("heading", {name: "My rights in DemoTenant5"}).waitFor();
  },
  keys: async (page) => {
    await tabTo(page, "New token");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", {name: "New token"}).waitFor();
  },
});

check("rights", {as: "viewer", path: () => `/sallyport/tenants/${demo.tenant("DemoTenant5")}`});

check("contact", {
  as: "viewer", path: "/sallyport/account/contact",
  story: async (page) => {
    await page.getByLabel("E-mail").fill("vera@viewer.example");
    await page.getByRole("button", {name: "Save"}).click();
    await page.getByText("Your contact was changed.").waitFor();
  },
  wrong: async (page) => {
    await free(page);
    await page.getByLabel("Name").fill("Kept");
    await page.getByLabel("E-mail").fill("nonsense");
    await page.getByRole("button", {name: "Save"}).click();
    await page.locator("#email-fault").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), "Kept");
  },
});

check("token-form", {
  as: "viewer", path: "/sallyport/tokens/new?name=backup&scopes=inventory/read,inventory&expires=90",
  story: async (page) => {
    const name = fresh("backup");
    assert.equal(await page.getByLabel("Name").inputValue(), "backup");
    assert.equal(await page.getByLabel("Expires", {exact: true}).inputValue(), "90");
    await page.getByLabel("Name").fill(name);
    await page.getByRole("button", {name: "Make the token"}).click();
    await page.getByText("will not be shown again").waitFor();
    const secret = await page.locator(".secret code").first().textContent();
    assert.match(secret, /^spp_/);
    assert.match(await page.locator("pre.secret").textContent(), new RegExp(`curl.*${secret}`));
    await audit(page, "the page of the secret");
    await page.getByRole("link", {name: "I have copied it"}).click();
    await page.getByRole("heading", {name}).waitFor();
    await page.getByRole("link", {name: "Revoke"}).click();
    await page.getByText("was never used").waitFor();
    await page.getByRole("button", {name: "Revoke the token"}).click();
    await page.getByText("The token is revoked.").waitFor();
  },
  wrong: async (page) => {
    await free(page);
    await page.getByLabel("Name").fill("kept");
    await page.getByLabel("Usable from").fill("localhost");
    await page.getByRole("button", {name: "Make the token"}).click();
    await page.locator("#networks-fault").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), "kept");
  },
});

check("token", {
  as: "viewer", path: laptop(),
  story: async (page) => {
    await page.getByText("permission_missing").first().waitFor();
    await page.getByRole("link", {name: "DELETE /inventory/items/itm-0001"}).click();
    await page.getByText("The way through both doors").waitFor();
  },
});

check("token-can", {
  as: "viewer", path: laptop("/routes"),
  story: async (page) => {
    await page.getByRole("link", {name: "Inventory", exact: true}).click();
    await page.getByLabel("Show").selectOption({label: "what it cannot"});
    await page.getByRole("button", {name: "Show"}).click();
    await page.getByText("Missing").first().waitFor();
    assert.equal(await page.locator(".badge.allowed").count(), 0);
  },
});

check("token-edit", {
  as: "viewer", path: laptop("/edit"),
  wrong: async (page) => {
    await free(page);
    await page.getByLabel("Name").fill("");
    await page.getByLabel("Usable from").fill("10.0.0.1/8");
    await page.getByRole("button", {name: "Save"}).click();
    await page.locator("#name-fault").waitFor();
    assert.equal(await page.getByLabel("Usable from").inputValue(), "10.0.0.1/8");
  },
});

check("token-refresh", {
  as: "viewer", path: laptop("/refresh"),
  story: async (page) => {
    const name = fresh("rotated");
    await make(page, name);
    await page.getByRole("link", {name: "Refresh"}).click();
    await page.getByLabel("works for a week more").check();
    await page.getByRole("button", {name: "Refresh the secret"}).click();
    await page.getByText("The old secret works for some time more").waitFor();
    await page.getByRole("link", {name: "I have copied it"}).click();
    await page.getByText("Nobody has used the old secret").waitFor();
    await page.setViewportSize({width: 320, height: 640});
    await audit(page, "an overlap, narrow");
    await page.getByRole("link", {name: "End the old one now"}).click();
    await page.getByText("was never used, so nothing should stop working").waitFor();
    await audit(page, "the question, narrow");
    await page.getByRole("button", {name: "End the old one now"}).click();
    await page.getByText("The old secret has ended.").waitFor();
  },
});

check("token-brownout", {
  as: "viewer", path: laptop("/brownout"),
  story: async (page) => {
    const name = fresh("browned");
    await make(page, name);
    await page.getByRole("link", {name: "Brown out"}).click();
    await page.getByLabel("Refused, of 100 uses").fill("25");
    await page.getByLabel("For").selectOption("8");
    await page.getByRole("button", {name: "Begin"}).click();
    await page.getByText("of 100 uses, 25 are refused").waitFor();
    await page.getByRole("button", {name: "End it now"}).click();
    await page.getByText("The brown-out has ended.").waitFor();
  },
  wrong: async (page) => {
    await free(page);
    await page.getByLabel("Refused, of 100 uses").fill("101");
    await page.getByRole("button", {name: "Begin"}).click();
    await page.locator("#share-fault").waitFor();
    assert.equal(await page.getByLabel("Refused, of 100 uses").inputValue(), "101");
  },
});

check("token-revoke", {as: "viewer", path: laptop("/revoke")});

check("token-of-others", {
  as: "admin", path: linked("admin", main("/applications?search=interface"), "racks"),
  story: async (page) => {
    await page.getByRole("link", {name: "interface"}).first().waitFor();
    await page.getByRole("heading", {name: "What it can do"}).waitFor();
    await page.getByRole("link", {name: "Edit", exact: true}).waitFor();
  },
});

check("applications", {
  as: "admin", path: main("/applications"),
  story: async (page) => {
    await page.getByLabel("Login begins with").fill("interface");
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByRole("link", {name: "New token"}).first().click();
    await page.getByText("acts as interface").waitFor();
    await page.getByLabel("Name").fill(fresh("nightly"));
    await page.getByLabel("All that interface may").check();
    await page.getByRole("button", {name: "Make the token"}).click();
    await page.getByText("will not be shown again").waitFor();
    assert.match(await page.locator(".secret code").first().textContent(), /^spn_/);
  },
});

check("realms", {
  as: "admin", path: main("/realms"),
  story: async (page) => {
    const name = fresh("hall");
    await page.getByRole("link", {name: "New realm"}).click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Title").fill("A hall");
    await page.getByRole("button", {name: "Save"}).click();
    await page.getByText("The realm is made.").waitFor();
    await page.getByRole("link", {name: `Remove ${name}`}).click();
    await page.getByRole("button", {name: "Remove it"}).click();
    await page.getByText("The realm is removed.").waitFor();
  },
});

check("realm-form", {
  as: "admin", path: main("/realms/new"),
  wrong: async (page) => {
    await free(page);
    await page.getByLabel("Name").fill("a/b");
    await page.getByLabel("Title").fill("Kept");
    await page.getByRole("button", {name: "Save"}).click();
    await page.locator("#name-fault").waitFor();
    assert.equal(await page.getByLabel("Title").inputValue(), "Kept");
  },
});

check("sessions", {
  as: "viewer", path: "/sallyport/sessions",
  story: async (page) => {
    await page.getByText("this one").waitFor();
  },
});

check("sessions-others", {
  as: "viewer", path: "/sallyport/sessions/others",
  story: async (page) => {
    await page.getByRole("heading", {name: "End all other sessions?"}).waitFor();
    await page.getByRole("link", {name: "Keep it as it is"}).click();
    await page.getByRole("heading", {name: "Browsers"}).waitFor();
  },
});

check("password", {
  as: "viewer", path: "/sallyport/password",
  wrong: async (page) => {
    await page.getByLabel("Present password").fill("not-this-one");
    await page.getByLabel("New password", {exact: true}).fill("one-two-three-four");
    await page.getByLabel("New password, again").fill("one-two-three-five");
    await page.getByRole("button", {name: "Change the password"}).click();
    await page.locator("#again-fault").waitFor();
  },
});

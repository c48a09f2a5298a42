import assert from "node:assert/strict";
import {audit, check, demo, free, fresh, tabTo} from "../kit.js";

const at = (rest) => () => `/sallyport/access/${demo.tenant("acme_3")}${rest}`;
const main = (rest) => () => `/sallyport/access/${demo.tenant("DemoTenant5")}${rest}`;

check("tenants", {
  as: "admin", path: "/sallyport/access",
  story: async (page) => {
    await page.getByLabel("Name begins with").fill("acme");
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByText(demo.tenant("acme_3")).waitFor();
    assert.equal(await page.getByText("DemoTenant5").count(), 0);
    await page.getByRole("link", {name: "acme_3", exact: true}).click();
    await page.getByRole("heading", {name: "Users"}).waitFor();
  },
});

check("tenant-form", {
  as: "admin", path: "/sallyport/access/new",
  story: async (page) => {
    const name = fresh("hall");
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Within").selectOption({label: "acme_3"});
    await page.getByRole("button", {name: "Save"}).click();
    await page.getByText("The tenant is made.").waitFor();
    await page.getByRole("link", {name, exact: true}).waitFor();
  },
  wrong: async (page) => {
    await page.getByLabel("Name").fill("kept");
    await page.getByLabel("Longest life").fill("soon");
    await page.getByRole("button", {name: "Save"}).click();
    await page.getByText("Enter a number of days").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), "kept");
  },
});

check("users", {
  as: "admin", path: main("/users"),
  story: async (page) => {
    await page.getByLabel("Login begins with").fill("view");
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByRole("link", {name: "viewer"}).click();
    await page.getByRole("heading", {name: "viewer"}).waitFor();
  },
  keys: async (page) => {
    await tabTo(page, "Login begins with");
    await page.keyboard.type("operator");
    await page.keyboard.press("Enter");
    await page.getByRole("link", {name: "operator"}).waitFor();
    await tabTo(page, "Choose operator");
    await page.keyboard.press("Space");
    await tabTo(page, "Deactivate");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", {name: "Deactivate operator?"}).waitFor();
    await tabTo(page, "Keep it as it is");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", {name: "Users"}).waitFor();
  },
});

check("services", {as: "admin", path: main("/services")});

check("user-form", {
  as: "admin", path: at("/users/new"),
  story: async (page) => {
    const login = fresh("newcomer");
    await page.getByLabel("Login").fill(login);
    await page.getByLabel("Name").fill("New Comer");
    await page.getByRole("button", {name: "Make the user"}).click();
    await page.getByText("The user is made.").waitFor();
    await page.getByRole("button", {name: "Deactivate"}).click();
    await page.getByRole("heading", {name: `Deactivate ${login}?`}).waitFor();
    await page.getByRole("button", {name: "Deactivate the user"}).click();
    await page.getByText("The user is deactivated.").waitFor();
    await page.getByRole("button", {name: "Activate"}).click();
    await page.getByText("The user is active again.").waitFor();
  },
  wrong: async (page) => {
    await page.getByLabel("Login").fill("admin");
    await page.getByLabel("Name").fill("Kept");
    await page.getByRole("button", {name: "Make the user"}).click();
    await page.locator("#login-fault").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), "Kept");
  },
});

const one = async (page, name) => {
  await page.getByRole("link", {name, exact: true}).first().click();
};

check("user", {
  as: "admin", path: () => `${main("/users")()}?search=viewer`,
  story: async (page) => {
    await one(page, "viewer");
    await page.getByRole("heading", {name: "Roles"}).waitFor();
    await page.getByRole("link", {name: "Edit", exact: true}).first().click();
    await page.getByLabel("Name").fill("Vera Viewer");
    await page.getByRole("button", {name: "Save"}).click();
    await page.getByText("The user was changed.").waitFor();
  },
});

check("groups", {
  as: "admin", path: at("/groups"),
  story: async (page) => {
    const name = fresh("crew");
    await page.getByRole("link", {name: "New group"}).click();
    await page.getByLabel("Name").fill(name);
    await page.getByRole("button", {name: "Save"}).click();
    await page.getByLabel("Login").fill("jane");
    await page.getByRole("button", {name: "Add"}).click();
    await page.getByText("The user is in the group.").waitFor();
    await page.getByRole("link", {name: "Remove jane"}).click();
    await page.getByRole("heading", {name: `Take jane out of ${name}?`}).waitFor();
    await audit(page, "the question");
    await page.getByRole("button", {name: "Take out"}).click();
    await page.getByText("The user is no longer in the group.").waitFor();
    await page.getByLabel("Login").fill("nobody-at-all");
    await page.getByRole("button", {name: "Add"}).click();
    await page.locator("#login-fault").waitFor();
  },
});

check("roles", {
  as: "admin", path: () => `${at("/roles")()}?api=edgeintel`,
  story: async (page) => {
    await page.getByRole("link", {name: "edge-data", exact: true}).first().click();
    await page.getByRole("link", {name: "Copy"}).click();
    const name = fresh("data");
    await page.getByLabel("Name").fill(name);
    await page.getByRole("button", {name: "Save"}).click();
    await page.getByText("The role is made.").waitFor();
    await page.getByRole("link", {name: "Delete"}).click();
    await page.getByRole("button", {name: "Delete"}).click();
    await page.getByText("The role is deleted.").waitFor();
  },
});

check("role-form", {
  as: "admin", path: at("/roles/new"), bytes: 60_000,
  wrong: async (page) => {
    await page.getByLabel("Name").fill("administrator");
    await page.getByLabel("Title").fill("Kept");
    await page.getByRole("button", {name: "Save"}).click();
    await page.locator("#name-fault").waitFor();
    assert.equal(await page.getByLabel("Title").inputValue(), "Kept");
  },
});

check("bindings", {as: "admin", path: main("/bindings")});

check("binding-form", {
  as: "admin", path: at("/bindings/new"),
  story: async (page) => {
    await page.getByLabel("Who", {exact: true}).fill("jane");
    await page.getByLabel("Role").selectOption({index: 3});
    await page.getByLabel("Condition").fill(`path == "/${fresh("only")}"`);
    await page.getByRole("button", {name: "Give the role"}).click();
    await page.getByText("The role is given.").waitFor();
    await page.getByRole("link", {name: /^Take the role .* away from jane/}).last().click();
    await page.getByRole("button", {name: "Take it away"}).click();
    await page.getByText("The role is taken away.").waitFor();
  },
  wrong: async (page) => {
    // While it is typed, beside the field.
    await page.getByLabel("Condition").pressSequentially('methud == "GET"');
    await page.locator("#condition-fault").filter({hasText: "methud"}).waitFor();
    await page.getByLabel("Condition").fill('method == "GET"');
    await page.locator("#condition-fault:empty").waitFor({state: "attached"});
    await free(page);
    await page.getByLabel("Who", {exact: true}).fill("nobody-at-all");
    await page.getByRole("button", {name: "Give the role"}).click();
    await page.locator("#subject-fault").waitFor();
    await page.locator("#role-fault").waitFor();
    assert.equal(await page.getByLabel("Condition").inputValue(), 'method == "GET"');
  },
});

check("keys", {as: "admin", path: at("/keys")});

check("key-form", {
  as: "tina@acme.example", path: at("/keys/new"),
  story: async (page) => {
    await page.getByLabel("Name", {exact: true}).fill(fresh("gateway"));
    const role = await page.getByRole("option", {name: /^edge-data/}).getAttribute("value");
    await page.getByLabel("Role", {exact: true}).selectOption(role);
    await page.getByLabel("Only what I choose").check();
    await page.getByText("Edge Intelligence", {exact: true}).click(); // unfolded
    await page.getByLabel("edgeintel", {exact: false}).first().check();
    await page.getByRole("button", {name: "Generate"}).click();
    await page.getByText("will not be shown again").waitFor();
    assert.match(await page.locator("code").first().textContent(), /^spk_/);
    await page.getByRole("link", {name: "I have copied it"}).click();
    await page.getByRole("link", {name: "Revoke"}).click();
    await page.getByText("was never used").waitFor();
    await page.getByRole("button", {name: "Revoke"}).click();
    await page.getByText("The key is revoked.").waitFor();
  },
  wrong: async (page) => {
    await free(page);
    await page.getByLabel("Name", {exact: true}).fill("kept");
    await page.getByLabel("Usable from").fill("the cellar");
    await page.getByRole("button", {name: "Generate"}).click();
    await page.locator("#role-fault").waitFor();
    await page.locator("#networks-fault").waitFor();
    assert.equal(await page.getByLabel("Name", {exact: true}).inputValue(), "kept");
    assert.equal(await page.getByLabel("Usable from").inputValue(), "the cellar");
  },
});

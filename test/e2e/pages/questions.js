import {audit, check, demo, fresh, visit} from "../kit.js";

// What is asked before something is taken away, and the forms that change what is
// there: each is done to the end, with things of its own.
const at = (rest) => `/sallyport/access/${demo.tenant("acme_3")}${rest}`;
const press = (page, name) => page.locator("main").getByRole("button", {name, exact: true}).click();
const follow = (page, name) => page.locator("main").getByRole("link", {name}).first().click();
const told = (page, text) => page.getByText(text).first().waitFor();

// anew signs in once more and opens a page: what an intruder would want is asked for
// the password again after five minutes.
async function anew(page, login, where) {
  await page.context().clearCookies();
  await page.goto("/sallyport/sign-in");
  await page.getByLabel("Login").fill(login);
  await page.getByLabel("Password").fill(demo.password(login));
  await press(page, "Sign in");
  await page.getByRole("button", {name: "Sign out"}).waitFor();
  await page.goto(where);
}

// asked follows a link to a question, has axe look at it, and does it.
async function asked(page, link, button) {
  await follow(page, link);
  await page.locator("main form").first().waitFor();
  await audit(page, `${link}`);
  await press(page, button);
}

check("questions-user", {
  as: "admin", path: () => at("/users/new"),
  story: async (page) => {
    const login = fresh("leaver");
    await anew(page, "admin", at("/users/new"));
    await page.getByLabel("Login").fill(login);
    await page.locator("#password").fill("seven-purple-anvils-hum");
    await press(page, "Make the user");
    await told(page, "The user is made.");
    const there = page.url().replace(/\?.*/, "");
    await follow(page, "Password");
    await page.locator("#password").fill("eleven-quiet-lanterns-drift");
    await press(page, "Set the password");
    for (const [link, button] of [["End everything", "End everything"], ["Remove second factors", "Remove second factors"]]) {
      await page.goto(there);
      await asked(page, link, button);
      await page.getByRole("heading", {name: login}).and(page.locator("h1:has(.badge)")).waitFor();
    }
    await page.goto(there);
    await asked(page, "Delete", "Delete");
    await page.getByRole("heading", {name: "Users"}).waitFor();
  },
});

check("questions-tenant", {
  as: "admin", path: "/sallyport/access/new",
  story: async (page) => {
    const name = fresh("closing");
    await page.getByLabel("Name").fill(name);
    await press(page, "Save");
    await follow(page, new RegExp(`^(Edit|Change) .*${name}`));
    await page.getByLabel("Longest life").fill("30");
    await press(page, "Save");
    await told(page, "The tenant was changed.");
    await page.goto(`/sallyport/access?search=${name}`);
    await follow(page, new RegExp(`^(Edit|Change) .*${name}`));
    const there = page.url();
    await asked(page, "Take it out of use", "Take it out of use");
    await page.goto(there);
    await press(page, "Take it into use again");
    await page.goto(there);
    await asked(page, "Delete it", "Delete it");
    await told(page, "The tenant is deleted.");
  },
});

check("questions-group", {
  as: "admin", path: () => at("/groups/new"),
  story: async (page) => {
    const name = fresh("passing");
    await page.getByLabel("Name").fill(name);
    await press(page, "Save");
    await follow(page, "Edit");
    await page.getByLabel("Title").fill("Not for long");
    await press(page, "Save");
    await told(page, "The group was changed.");
    await asked(page, "Delete", "Delete");
    await told(page, "The group is deleted.");
  },
});

check("questions-role", {
  as: "admin", path: () => at("/roles/new"),
  story: async (page) => {
    const name = fresh("brief");
    await page.getByLabel("Name").fill(name);
    await page.getByText("Inventory", {exact: true}).click(); // unfolded
    await page.getByLabel("inventory/read").check();
    await press(page, "Save");
    await follow(page, "Edit");
    await page.getByLabel("Title").fill("Reads items");
    await press(page, "Save");
    await told(page, "The role was changed.");

    // Somebody has it, so it is not deleted, and the way to him is shown.
    await page.goto(at("/bindings/new"));
    await page.getByLabel("Who", {exact: true}).fill("jane");
    await page.getByLabel("Role").selectOption({label: `${name} · Reads items`});
    await press(page, "Give the role");
    await told(page, "The role is given.");
    await follow(page, `Change the role ${name} of jane`);
    await page.getByLabel("State").selectOption("deactivated");
    await press(page, "Save");
    await page.getByRole("heading", {name: `Put the role ${name} of jane out of use?`}).waitFor();
    await audit(page, "a binding put out of use");
    await press(page, "Put it out of use");
    await told(page, "The binding was changed.");
    await follow(page, name);
    await follow(page, "Delete");
    await follow(page, "jane has it in acme_3.");
    await press(page, "Take it away");
    await told(page, "The role is taken away.");
  },
});

check("questions-realm", {
  as: "admin", path: () => at("/realms/new"),
  story: async (page) => {
    const name = fresh("annex");
    await page.getByLabel("Name").fill(name);
    await press(page, "Save");
    await follow(page, new RegExp(`^(Edit|Change) .*${name}`));
    await page.getByLabel("Title").fill("The annex");
    await press(page, "Save");
    await told(page, "The realm was changed.");
  },
});

check("questions-key", {
  as: "tina@acme.example", path: () => at("/keys/new"),
  story: async (page) => {
    const name = fresh("turning");
    await anew(page, "tina@acme.example", at("/keys/new"));
    await page.getByLabel("Name", {exact: true}).fill(name);
    await page.getByLabel("Role", {exact: true}).selectOption(await page.getByRole("option", {name: /^edge-data/}).getAttribute("value"));
    await page.getByLabel("All that its roles allow").check();
    await press(page, "Generate");
    await follow(page, "I have copied it");
    const there = page.url().replace(/\?.*/, "");
    await page.goto(`${there}/edit`);
    await page.getByLabel("Name", {exact: true}).fill(`${name}-on`);
    await press(page, "Save");
    await page.goto(`${there}/refresh`);
    await page.getByLabel("works for a day more").check();
    await press(page, "Refresh the secret");
    await follow(page, "I have copied it");
    await asked(page, "End the old one now", "End the old one now");
    await told(page, "The old secret has ended.");
    await page.goto(`${there}/brownout`);
    await press(page, "Begin");
    await press(page, "End it now");
    await told(page, "The brown-out has ended.");
  },
});

// A browser of the same person in another place.
async function elsewhere(login) {
  await visit(null, {}, async (page) => {
    await page.goto("/sallyport/sign-in");
    await page.getByLabel("Login").fill(login);
    await page.getByLabel("Password").fill(demo.password(login));
    await page.getByRole("button", {name: "Sign in"}).click();
    await page.getByRole("heading", {name: "My account"}).waitFor();
  });
}

check("questions-session", {
  as: "operator", path: "/sallyport/sessions",
  story: async (page) => {
    await elsewhere("operator");
    await page.reload();
    await asked(page, /^End the session of/, "End");
    await told(page, "The session has ended.");
    await elsewhere("operator");
    await page.goto("/sallyport/sessions");
    await asked(page, "End all the others", "End all the others");
    await told(page, "All your other sessions and sign-ins have ended.");
    await elsewhere("clerk");
    await visit("admin", {}, async (other) => {
      await other.goto(`/sallyport/access/${demo.tenant("DemoTenant5")}/users?search=clerk`);
      await follow(other, "clerk");
      await asked(other, /^End the session of/, "End");
      await other.getByRole("heading", {name: "clerk"}).waitFor();
    });
  },
});

check("questions-requests", {
  as: "viewer", path: "/sallyport/requests",
  wrong: async (page) => {
    await page.getByLabel("Address").fill("here");
    await page.getByLabel("API").fill("inventory");
    await page.getByRole("button", {name: "Search"}).click();
    await page.locator("#address-fault").waitFor();
  },
});

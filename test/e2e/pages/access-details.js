import assert from "node:assert/strict";
import {check, demo, free, linked} from "../kit.js";

// The pages behind the lists of access control: of one user, group, role, binding,
// key and tenant, with their forms and questions.
const at = (rest) => () => `/sallyport/access/${demo.tenant("DemoTenant5")}${rest}`;
const to = (list, name, rest) => linked("admin", at(list), name, rest);

/** wrongly sends a form with a field wrong, and sees that another one stays. */
const wrongly = ({fill, button, fault, keeps}) => async (page) => {
  await free(page);
  for (const [label, text] of Object.entries(fill)) await page.getByLabel(label).first().fill(text);
  await page.getByRole("button", {name: button}).click();
  await page.locator(`#${fault}-fault`).waitFor();
  if (keeps) assert.equal(await page.getByLabel(keeps).first().inputValue(), fill[keeps]);
};
const save = "Save";

const viewer = (rest) => to("/users?search=viewer", "viewer", rest);
check("user-page", {as: "admin", path: viewer()});
check("user-edit", {
  as: "admin", path: viewer("/edit"),
  wrong: wrongly({fill: {"Login": "admin", "E-mail": "kept@example.com"}, button: save, fault: "login"}),
});
check("user-password", {
  as: "admin", path: viewer("/password"),
  wrong: wrongly({fill: {Password: "short"}, button: "Set the password", fault: "password"}),
});
check("user-end", {as: "admin", path: viewer("/end")});
check("user-delete", {as: "admin", path: viewer("/delete")});
check("service-page", {as: "admin", path: to("/services?search=interface", "interface")});

check("group-form", {
  as: "admin", path: at("/groups/new"),
  wrong: wrongly({fill: {Name: "", "Title": "Kept"}, button: save, fault: "name"}),
});

const role = (rest) => to("/roles?api=inventory", "viewer", rest);
check("role-page", {as: "admin", path: role()});
check("role-copy", {as: "admin", path: linked("admin", at("/roles?api=edgeintel"), "edge-data")});

check("binding-edit", {
  as: "admin", path: linked("admin", at("/bindings?kind=user"), /^Change the role/),
  wrong: wrongly({fill: {"Condition": 'methud == "GET"'}, button: save, fault: "condition"}),
});
check("binding-delete", {as: "admin", path: linked("admin", at("/bindings?kind=user"), /^Take the role/)});

const key = (rest) => linked("admin", at("/keys"), /^Edit /, rest);
check("key-edit", {
  as: "admin", path: key(),
  wrong: wrongly({fill: {Name: "", "Usable from": "10.0.0.0/8"}, button: save, fault: "name", keeps: "Usable from"}),
});
check("key-page", {as: "admin", path: async () => (await key()()).replace(/\/edit$/, "")});
check("key-can", {as: "admin", path: async () => (await key()()).replace(/edit$/, "routes")});
check("key-refresh", {as: "admin", path: async () => (await key()()).replace(/edit$/, "refresh")});
check("key-revoke", {as: "admin", path: async () => (await key()()).replace(/edit$/, "revoke")});

check("who-can", {
  as: "admin", path: at("/who-can"),
  story: async (page) => {
    await page.getByLabel("Permission").selectOption("inventory/read");
    await page.getByRole("button", {name: "Ask"}).click();
    await page.getByRole("link", {name: "viewer", exact: true}).first().waitFor();
  },
});

check("tenant-edit", {
  as: "admin", path: at("/edit"),
  wrong: wrongly({fill: {"Longest life of tokens and keys": "soon"}, button: save, fault: "token_max_age"}),
});
check("tenant-deactivate", {as: "admin", path: at("/deactivate")});

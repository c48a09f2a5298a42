import {check, demo} from "../kit.js";

check("advise", {
  as: "admin", path: "/sallyport/advise",
  story: async (page) => {
    await page.getByLabel("Finding").selectOption({index: 1});
    await page.getByRole("button", {name: "Search"}).click();
    await page.getByRole("heading", {name: "Advise"}).waitFor();
  },
});

// advised returns the path of the advice about an account of the demonstration.
let path;
async function advised() {
  if (!path) {
    const answer = await fetch(`${demo.url}/sallyport/api/v1/tenants/${demo.tenant("DemoTenant5")}/users?search=billing`, {
      headers: {"Authorization": "Basic " + Buffer.from(`admin:${demo.password("admin")}`).toString("base64")},
    });
    const user = (await answer.json()).items.find((u) => u.login === "billing");
    path = `/sallyport/advise/${user.id}`;
  }
  return path;
}

check("advice", {
  as: "admin", path: advised,
  story: async (page) => { await page.getByText("billing").first().waitFor(); },
});

// What a browser has to do with a passkey: make one, or answer a question with one.
// The form has the question, and takes the answer to the server.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function question(json) {
  const options = JSON.parse(json);
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const list of [options.excludeCredentials, options.allowCredentials]) {
    for (const one of list ?? []) one.id = bytes(one.id);
  }
  return options;
}

function answer(credential) {
  const said = {clientDataJSON: text(credential.response.clientDataJSON)};
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) said[part] = text(credential.response[part]);
  }
  if (credential.response.getTransports) said.transports = credential.response.getTransports();
  return JSON.stringify({
    id: credential.id, rawId: text(credential.rawId), type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(), response: said,
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!globalThis.PublicKeyCredential) continue;
  form.hidden = false;
  const fault = form.querySelector(".fault");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.textContent = "";
    try {
      const publicKey = question(form.dataset.question);
      const credential = form.dataset.passkey === "make"
        ? await navigator.credentials.create({publicKey})
        : await navigator.credentials.get({publicKey});
      form.elements.passkey_answer.value = answer(credential);
      form.submit();
    } catch {
      fault.textContent = form.dataset.failed;
    }
  });
}

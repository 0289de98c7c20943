"use strict";
// What the pages of /sign-in, /enrol-passkey and /account do: ask the server for a challenge, have the authenticator
// answer it, send the answer. Nothing is kept here.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const says = (message, wrong) => {
  const place = document.getElementById("says");
  place.textContent = message;
  place.className = wrong ? "wrong" : "";
};

async function ask(path, body) {
  const init = { method: "POST", headers: {}, credentials: "same-origin", redirect: "error" };
  if (body !== undefined) {
    init.headers["content-type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const answer = await fetch(path, init);
  const content = answer.status === 204 ? null : await answer.json();
  if (answer.status === 401) {
    location.assign("/sign-in");
    throw new Error("Your session is over: sign in again.");
  }
  if (!answer.ok) throw new Error(`${content.detail.charAt(0).toUpperCase()}${content.detail.slice(1)}.`);
  return content;
}

const described = (known) => ({ ...known, id: bytes(known.id) });

async function create(options) {
  const { publicKey } = options;
  publicKey.challenge = bytes(publicKey.challenge);
  publicKey.user.id = bytes(publicKey.user.id);
  publicKey.excludeCredentials = (publicKey.excludeCredentials ?? []).map(described);
  const made = await navigator.credentials.create({ publicKey });
  const response = {
    attestationObject: text(made.response.attestationObject),
    clientDataJSON: text(made.response.clientDataJSON),
  };
  return { id: made.id, rawId: text(made.rawId), type: made.type, response };
}

async function answer(options) {
  const { publicKey } = options;
  publicKey.challenge = bytes(publicKey.challenge);
  publicKey.allowCredentials = (publicKey.allowCredentials ?? []).map(described);
  const made = await navigator.credentials.get({ publicKey });
  const { authenticatorData, clientDataJSON, signature, userHandle } = made.response;
  const response = {
    authenticatorData: text(authenticatorData),
    clientDataJSON: text(clientDataJSON),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  };
  return { id: made.id, rawId: text(made.rawId), type: made.type, response };
}

function told(error) {
  if (error.name === "NotAllowedError") return "Nothing was chosen, or it took too long. Nothing was changed: try again.";
  if (error.name === "InvalidStateError") return "This device has a passkey for you here already: sign in with it.";
  if (error.name === "SecurityError") return "This address is not the one that passkeys are for: open the program's own.";
  if (error instanceof TypeError) return "The server cannot be reached. Try again in a moment.";
  return error.message;
}

// One thing at a time: a second click on a slow device must not begin a second ceremony.
async function once(button, act) {
  button.disabled = true;
  says("Waiting for your device …");
  try {
    await act();
  } catch (error) {
    says(told(error), true);
  } finally {
    button.disabled = false;
  }
}

const on = (id, act) => {
  const button = document.getElementById(id);
  if (button) button.addEventListener("click", () => once(button, act));
};

on("sign-in", async () => {
  const begun = await ask("/api/v1/sign-in/begin");
  const credential = await answer(begun.options);
  await ask("/api/v1/sign-in/finish", { ceremony: begun.ceremony, credential });
  location.assign("/account");
});

on("step-up", async () => {
  const begun = await ask("/api/v1/step-up/begin");
  const credential = await answer(begun.options);
  await ask("/api/v1/step-up/finish", { ceremony: begun.ceremony, credential });
  location.reload();
});

on("sign-out", async () => {
  await ask("/api/v1/session/sign-out");
  location.assign("/sign-in");
});

on("sign-out-others", async () => {
  const { ended } = await ask("/api/v1/session/sign-out-others");
  says(ended === 1 ? "One other session ended." : `${ended} other sessions ended.`);
  if (ended > 0) location.reload();
});

for (const button of document.querySelectorAll("[data-revoke]")) {
  button.addEventListener("click", () => {
    const passkey = button.dataset.revoke;
    if (!confirm(`Revoke ${passkey} for good?`)) return;
    once(button, async () => {
      await ask(`/api/v1/session/passkeys/${passkey}/revoke`, { reason: "revoked by its holder" });
      location.reload();
    });
  });
}

const form = document.getElementById("enrol");
if (form) {
  // The code never reaches a server's log, and leaves the address bar and the history at once.
  const code = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  if (!code) says("Open the link that you were sent, whole: a part of it is missing.", true);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    once(form.querySelector("button"), async () => {
      const begun = await ask("/api/v1/passkeys/enrol/begin", { code });
      says(`Making a passkey for ${begun.user} …`);
      const credential = await create(begun.options);
      const label = form.elements.label.value;
      await ask("/api/v1/passkeys/enrol/finish", { ceremony: begun.ceremony, label, credential });
      location.assign("/account");
    });
  });
}

// Signing in and out, where the server has a key.

import { Failure, sentence } from "./failure.js";

const PATH = "/v1/session";

/** Null, or a sentence that says why not. */
export async function signIn(key) {
  try {
    const headers = { "content-type": "application/json" };
    const response = await fetch(PATH, { method: "POST", headers, body: JSON.stringify({ key }) });
    return response.ok ? null : Failure.of(response.status, await response.text()).message;
  } catch {
    return Failure.lost().message;
  }
}

/** Shows the button where there is something to sign out of. */
export async function offerSignOut(button, client) {
  const session = await client.get(PATH);
  button.hidden = !(session.key_needed && session.signed_in);
}

export function startSignOut(button, client, notices) {
  button.addEventListener("click", async () => {
    try {
      await client.delete(PATH);
      location.assign("/");
    } catch (error) {
      notices.warn(sentence(error));
    }
  });
}

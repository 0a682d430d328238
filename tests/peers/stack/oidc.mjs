// SPDX-License-Identifier: Apache-2.0
//
// OpenID Connect issuers, by oidc-provider: node oidc.mjs MODULES HOST:PORT…
//
// POST /mint signs whatever claims it is sent, with the issuer's own key: tests that are not about
// signing in need no browser.

import { createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";

const [modules, ...places] = process.argv.slice(2);
const { default: Provider } = await import(
  pathToFileURL(`${modules}/oidc-provider/lib/index.js`).href
);

function settings(key) {
  return {
    jwks: { keys: [key] },
    clients: [
      {
        client_id: "sigstore",
        token_endpoint_auth_method: "none",
        application_type: "native", // its loopback redirects may have any port (RFC 8252, 7.3)
        response_types: ["code"],
        redirect_uris: ["http://localhost/auth/callback", "http://127.0.0.1/auth/callback"],
        grant_types: [
          "authorization_code",
          "refresh_token",
          "urn:ietf:params:oauth:grant-type:device_code",
        ],
      },
    ],
    conformIdTokenClaims: false, // the e-mail address belongs into the token
    extraParams: ["connector_id"],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified", "federated_claims"] },
    findAccount: (_, id) => ({ accountId: id, claims: () => account(id) }),
    features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
    ttl: { IdToken: 60, AccessToken: 60 }, // as the public instance has it
  };
}

function account(id) {
  return {
    sub: id,
    email: id.includes("@") ? id : `${id}@example.com`,
    email_verified: true,
    federated_claims: { connector_id: "https://github.com/login/oauth", user_id: id },
  };
}

function minted(issuer, key, privateKey, claims) {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: issuer, aud: "sigstore", iat: now, exp: now + 60, ...claims };
  const parts = [{ alg: "RS256", typ: "JWT", kid: key.kid }, all];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const signature = createSign("RSA-SHA256").update(text.join(".")).sign(privateKey, "base64url");
  return [...text, signature].join(".");
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

for (const place of places) {
  const issuer = `http://${place}`;
  const [host, port] = place.split(":");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = {
    ...privateKey.export({ format: "jwk" }),
    kid: randomUUID(), // not the one from before a restart: Fulcio asks for what it does not know
    alg: "RS256",
    use: "sig",
  };
  const provider = new Provider(issuer, settings(key));
  provider.use(async (context, next) => {
    if (context.path !== "/mint" || context.method !== "POST") return next();
    const claims = JSON.parse(await body(context.req));
    context.body = minted(issuer, key, privateKey, claims);
  });
  provider.listen(Number(port), host);
}

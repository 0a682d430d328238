// SPDX-License-Identifier: Apache-2.0
// A certified OpenID provider, set up as the public instance's issuer is: whoever signs in is who
// they say, with an account at GitHub, and gets a token for a minute.
//
// Its pages are oidc-provider's own, for development. What it is to say goes to standard output:
// one line, its issuer URL. It ends with its standard input.
import { generateKeyPairSync } from "node:crypto";
import http from "node:http";
import { pathToFileURL } from "node:url";

const modules = process.argv[2];
const { Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));

const GITHUB = "https://github.com/login/oauth";
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";

function listen(host, port, handler) {
  return new Promise((resolve, reject) => {
    const server = http.createServer(handler);
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
let answer = (_, response) => response.end();
const handler = (request, response) => answer(request, response);
const server = await listen("127.0.0.1", 0, handler);
const { port } = server.address();
// Browsers take localhost for either.
await listen("::1", port, handler).catch(() => {});

const issuer = `http://localhost:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "sigstore",
      token_endpoint_auth_method: "none",
      application_type: "native",
      response_types: ["code"],
      redirect_uris: ["http://localhost/auth/callback", "http://127.0.0.1/auth/callback"],
      grant_types: ["authorization_code", DEVICE],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified", "federated_claims"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["of a test"] },
  extraParams: ["connector_id"],
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: true } },
  // `nobody` has an address that was never verified.
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: id !== "nobody",
      federated_claims: { connector_id: GITHUB, user_id: id },
    }),
  }),
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
  pkce: { required: () => true },
  ttl: { AccessToken: 60, IdToken: 60, DeviceCode: 300, Session: 60, Grant: 60, Interaction: 60 },
});
answer = provider.callback();
process.stdout.write(`${issuer}\n`);
process.stdin.on("end", () => process.exit(0)).resume();

// SPDX-License-Identifier: Apache-2.0
//
// Signs with @sigstore/sign. Reads one JSON object from standard input,
//
//     {"signingConfig": text, "token": text, "kind": "messageSignature" or "dsseEnvelope",
//      "data": base64, "type": text or null}
//
// and writes {"bundle": {…}}, or {"error": text} with all that led to it.

"use strict";

const { readFileSync } = require("node:fs");

const { bundleToJSON } = require("@sigstore/bundle");
const { SigningConfig } = require("@sigstore/protobuf-specs");
const { bundleBuilderFromSigningConfig } = require("@sigstore/sign");

// A FulcioSigner, a RekorWitness and a TSAWitness, for the services that the configuration names.
async function sign({ signingConfig, token, kind, data, type }) {
  const builder = bundleBuilderFromSigningConfig({
    signingConfig: SigningConfig.fromJSON(JSON.parse(signingConfig)),
    identityProvider: { getToken: async () => token },
    bundleType: kind,
    fetchOptions: { timeout: 20000, retry: { retries: 0 } },
  });
  const artifact = { data: Buffer.from(data, "base64"), type: type ?? undefined };
  return bundleToJSON(await builder.create(artifact));
}

function words(error) {
  return error.cause ? `${error.message}: ${words(error.cause)}` : error.message;
}

sign(JSON.parse(readFileSync(0, "utf8")))
  .then((bundle) => ({ bundle }), (error) => ({ error: words(error) }))
  .then((answer) => process.stdout.write(JSON.stringify(answer)));

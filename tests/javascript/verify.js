// SPDX-License-Identifier: Apache-2.0
//
// Judges bundles with @sigstore/verify. Reads a JSON array of questions from standard input,
//
//     {"bundle", "trustedRoot": text, "artifact": base64, "identity", "issuer": text,
//      "key": PEM or null}
//
// and writes an array with one answer each: null for accepted, or the words of the refusal.

"use strict";

const { createPublicKey } = require("node:crypto");
const { readFileSync } = require("node:fs");

const { bundleFromJSON } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

function judge({ bundle, trustedRoot, artifact, identity, issuer, key }) {
  const root = TrustedRoot.fromJSON(JSON.parse(trustedRoot));
  const keys = () => ({ publicKey: createPublicKey(key), validFor: () => true });
  const verifier = new Verifier(toTrustMaterial(root, key ? keys : undefined));
  const entity = toSignedEntity(bundleFromJSON(JSON.parse(bundle)), Buffer.from(artifact, "base64"));
  const policy = identity
    ? { subjectAlternativeName: exactly(identity), extensions: { issuer } }
    : undefined;
  verifier.verify(entity, policy);
}

// It takes a name for a pattern, which may match anywhere.
function exactly(name) {
  return `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;
}

function answer(question) {
  try {
    judge(question);
    return null;
  } catch (error) {
    const code = error.code ? `${error.code}: ` : `${error.name}: `;
    const cause = error.cause ? ` (${error.cause.message})` : "";
    return `${code}${error.message}${cause}`;
  }
}

const questions = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(questions.map(answer)));

// Installs a vendor's client libraries at their locked versions and runs client.mjs with each of
// them against a fresh peer. Usage: run_clients.mjs PEER_BINARY CLIENTS_FOLDER BUILD_FOLDER [PEER_OPTION…]
// With --strict the peer checks every request against its message schemas; what does not fit fails.
import { spawn } from "node:child_process";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import { createInterface } from "node:readline";

import { npmInstall } from "./npm_install.mjs";

const [peerBinary, source, build, ...peerOptions] = process.argv.slice(2);

async function startPeer() {
  const child = spawn(peerBinary, ["--records", "450", "--seed", "3", ...peerOptions],
                      { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("exit", () => reject(new Error("the peer ended at once")));
  });
  return { child, hello: JSON.parse(line) };
}

function violations(hello) {
  return new Promise((resolve, reject) => {
    const ca = fs.readFileSync(hello.ca_file);
    https.get(`${hello.control_url}/violations`, { ca, agent: false }, (response) => {
      let text = "";
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve(JSON.parse(text).violations));
    }).on("error", reject);
  });
}

/// True if one library's round went well and neither side broke the message schemas.
async function round(name) {
  const { child, hello } = await startPeer();
  const client = spawn(process.execPath, [path.join(build, "client.mjs"), name], {
    stdio: "inherit",
    env: { ...process.env, PEER: JSON.stringify(hello), NODE_EXTRA_CA_CERTS: hello.ca_file },
  });
  const status = await new Promise((resolve) => client.once("exit", (code) => resolve(code ?? 1)));
  const wrong = peerOptions.includes("--strict") ? await violations(hello) : [];
  for (const each of wrong) console.error("violation", name, JSON.stringify(each));
  child.kill("SIGTERM");
  return status === 0 && wrong.length === 0;
}

try {
  npmInstall(source, build, ["client.mjs"]);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const { dependencies } = JSON.parse(fs.readFileSync(path.join(build, "package.json"), "utf8"));
const rounds = await Promise.all(Object.keys(dependencies).map(round));
process.exit(rounds.length > 0 && rounds.every(Boolean) ? 0 : 1);

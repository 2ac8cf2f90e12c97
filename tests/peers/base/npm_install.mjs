// Puts the npm packages of a lock file into a folder, once. They come from the npm registry.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** Copies `files` and the lock file from `source` to `build` and installs there. Throws with what to do. */
export function npmInstall(source, build, files) {
  fs.mkdirSync(build, { recursive: true });
  const lock = fs.readFileSync(path.join(source, "package-lock.json"), "utf8");
  const marker = path.join(build, "installed-lock.json");
  for (const file of ["package.json", "package-lock.json", ...files])
    fs.copyFileSync(path.join(source, file), path.join(build, file));
  if (fs.existsSync(marker) && fs.readFileSync(marker, "utf8") === lock) return;
  const done = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                         { cwd: build, stdio: ["ignore", "inherit", "inherit"] });
  if (done.error)
    throw new Error(`npm cannot be run (${done.error.message}); ./dev setup installs it`);
  if (done.status !== 0)
    throw new Error("npm ci failed: the packages come from the npm registry, which must be reachable");
  fs.writeFileSync(marker, lock);
}

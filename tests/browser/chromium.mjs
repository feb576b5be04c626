// A Chromium that needs nothing of the machine: its package brings the browser, and the fonts and libraries that a bare machine lacks.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import chromium, { inflate, setupLambdaEnvironment } from "@sparticuz/chromium";
import { chromium as playwright } from "playwright-core";

const UNPACKED = join(dirname(fileURLToPath(import.meta.url)), "chromium");
// The browser calls nobody by itself: the check has no network.
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run"];

export async function launch() {
  const executablePath = await unpack();
  return playwright.launch({ executablePath, headless: true, args: QUIET });
}

async function unpack() {
  const outside = process.env.TMPDIR;
  // The package unpacks into the folder for temporary files; what is left behind stays in the clone.
  mkdirSync(UNPACKED, { recursive: true });
  process.env.TMPDIR = UNPACKED;
  const executable = await chromium.executablePath();
  // The same fonts on every machine, or the pictures differ.
  process.env.FONTCONFIG_PATH = join(UNPACKED, "fonts");
  if (execFileSync("ldd", [executable], { encoding: "utf8" }).includes("not found")) {
    const bin = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "..", "bin");
    setupLambdaEnvironment(join(await inflate(join(bin, "al2023.tar.br")), "lib"));
  }
  if (outside === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = outside;
  return executable;
}

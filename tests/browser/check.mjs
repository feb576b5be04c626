// Looks at every page that tests/it/storefront_page.rs wrote, in a real Chromium: at phone and desktop width, light and dark.
//
//   node check.mjs <folder of pages> <folder for pictures>
//
// A page is `<name>.html` beside `<name>.json` ({status, headers}): a server on 127.0.0.1 hands it over as the function does, so that
// the page's own policy is in force. For each look: axe finds nothing, nothing is wider than the window, nothing is asked of anybody but
// the pictures' host, nothing is written to the console, and the page's frame is as a screen reader needs it.
import { readFileSync, readdirSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch } from "./chromium.mjs";

const [pages, pictures] = process.argv.slice(2);
if (!pages || !pictures) throw new Error("usage: node check.mjs <folder of pages> <folder for pictures>");
const names = readdirSync(pages).filter((name) => name.endsWith(".html")).map((name) => name.slice(0, -5)).sort();
if (names.length < 60) throw new Error(`${pages} holds ${names.length} pages only: write them first (cargo test storefront_page)`);
mkdirSync(pictures, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PICTURES = "https://cdn.example.com/";
// What a product's picture looks like does not matter; that it gets past the policy does.
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="160"><rect width="160" height="160" fill="#8aa4b8"/></svg>';
const WIDTHS = [375, 1280];
const NARROWEST = 320;
const SCHEMES = ["light", "dark"];
// A picture takes longer than all that is checked; these show every part of the page.
const SHOWN = /^(checking|making|several|in_transit|held_at_customs|delivered|partly_refunded|nothing_to_ship|not_found)-/;

const server = createServer((request, response) => {
  const name = request.url.slice(1);
  if (!names.includes(name)) return response.writeHead(404).end();
  const { status, headers } = JSON.parse(readFileSync(join(pages, `${name}.json`), "utf8"));
  response.writeHead(status, headers).end(readFileSync(join(pages, `${name}.html`)));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const base = `http://127.0.0.1:${server.address().port}/`;

const problems = [];
let looks = 0;
const browser = await launch();
try {
  for (const colorScheme of SCHEMES) {
    const context = await browser.newContext({ colorScheme, viewport: { width: WIDTHS[0], height: 900 } });
    const page = await context.newPage();
    let wrong = () => {};
    let status = 200;
    page.on("console", (message) => {
      // The browser itself remarks on a page that is no success.
      if (status === 200 || !message.text().includes(`status of ${status}`)) wrong(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => wrong(`error: ${error}`));
    await page.route("**/*", (route) => {
      const url = route.request().url();
      if (url.startsWith(base)) return route.continue();
      if (url.startsWith(PICTURES)) return route.fulfill({ contentType: "image/svg+xml", body: PICTURE });
      wrong(`asks ${new URL(url).origin}`);
      return route.abort();
    });
    for (const name of names) {
      for (const width of WIDTHS) {
        const look = `${name} ${width} ${colorScheme}`;
        wrong = (what) => problems.push(`${look}: ${what}`);
        await page.setViewportSize({ width, height: 900 });
        ({ status } = JSON.parse(readFileSync(join(pages, `${name}.json`), "utf8")));
        const answer = await page.goto(base + name, { waitUntil: "load" });
        if (answer.status() !== status) wrong(`status ${answer.status()}`);
        for (const problem of await page.evaluate(frame, name.slice(-2))) wrong(problem);
        await page.evaluate(axe);
        const found = await page.evaluate(() => globalThis.axe.run(document));
        for (const violation of found.violations) {
          wrong(`axe ${violation.id}: ${violation.nodes.map((node) => node.target.join(" ")).join(", ")}`);
        }
        // What axe could not decide by itself is no pass.
        for (const open of found.incomplete) wrong(`axe cannot tell ${open.id}: ${open.nodes.map((node) => node.target.join(" ")).join(", ")}`);
        if (found.passes.length < 10) wrong(`axe looked at ${found.passes.length} rules only`);
        if (SHOWN.test(name)) await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        looks += 1;
        if (width === WIDTHS[0]) {
          await page.setViewportSize({ width: NARROWEST, height: 900 });
          for (const problem of await page.evaluate(tooWide)) wrong(`at ${NARROWEST}: ${problem}`);
        }
      }
    }
    await context.close();
  }
  // The check itself sees what it looks for.
  problems.push(...(await blindness(browser)));
} finally {
  await browser.close();
  server.close();
}

for (const problem of problems) console.error(problem);
const failed = new Set(problems.map((problem) => problem.split(":")[0])).size;
console.log(`${names.length} pages, ${looks} looks, pictures in ${pictures}`);
console.log(`${Math.max(looks - failed, 0)} passed, ${failed} failed`);
process.exitCode = problems.length > 0 ? 1 : 0;

// In the page: what a screen reader and a phone need of its frame.
function frame(lang) {
  const wrong = [];
  const count = (selector) => document.querySelectorAll(selector).length;
  if (document.documentElement.lang !== lang) wrong.push(`lang is ${document.documentElement.lang}`);
  for (const one of ["h1", "main", "header", "footer", "title"]) if (count(one) !== 1) wrong.push(`${count(one)} × ${one}`);
  if (count("script") > 0) wrong.push("a script");
  const steps = document.querySelectorAll(".steps li").length;
  const current = count('[aria-current="step"]');
  if (current > 1 || (current === 0 && steps > 0 && count(".steps li:not(.done)") > 0)) wrong.push(`${current} current steps`);
  const body = document.documentElement;
  if (body.scrollWidth > body.clientWidth) wrong.push(`${body.scrollWidth} wide in ${body.clientWidth}`);
  const header = getComputedStyle(document.querySelector("header")).backgroundColor;
  if (header !== "rgb(32, 80, 129)") wrong.push(`the brand's colour is ${header}: the style did not get in`);
  for (const image of document.images) if (image.naturalWidth === 0) wrong.push(`no picture ${image.src}`);
  return wrong;
}

function tooWide() {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [`${scrollWidth} wide in ${clientWidth}`] : [];
}

async function blindness(browser) {
  const page = await browser.newPage({ viewport: { width: NARROWEST, height: 900 } });
  await page.setContent('<p style="color:#999;background:#fff">faint</p><img src="data:,"><div style="width:2000px">wide</div>');
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  const seen = violations.map((violation) => violation.id);
  const missed = ["color-contrast", "image-alt", "html-has-lang"].filter((rule) => !seen.includes(rule));
  if ((await page.evaluate(tooWide)).length === 0) missed.push("width");
  await page.close();
  return missed.map((rule) => `the check itself: does not see ${rule}`);
}

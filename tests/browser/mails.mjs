// Looks at every mail that tests/it/mails/gallery.rs wrote, as mail programs will.
//
//   node mails.mjs <folder of mails> <folder for pictures>
//
// 1. Each is valid HTML (html-validate), but for what only mail needs.
// 2. Each feature of HTML and CSS in it is known by the usual mail programs (caniemail.com's data), or it does no harm where it is not:
//    GRACEFUL says how. A feature that is in none of the lists fails the check.
// 3. In a real Chromium, on a phone and on a desk, light and dark: axe finds nothing, nothing is too wide, nothing is asked of anybody
//    but the pictures' host; and what is read can still be read where a mail program turns the colours round by itself.
import { readFileSync, readdirSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { caniemail } from "caniemail";
import { HtmlValidate } from "html-validate";
import { launch } from "./chromium.mjs";

const [mails, pictures] = process.argv.slice(2);
if (!mails || !pictures) throw new Error("usage: node mails.mjs <folder of mails> <folder for pictures>");
const names = readdirSync(mails).filter((name) => name.endsWith(".html")).map((name) => name.slice(0, -5)).sort();
if (names.length < 80) throw new Error(`${mails} holds ${names.length} mails only: write them first (cargo test every_mail_is_written)`);
mkdirSync(pictures, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PICTURES = "https://cdn.example.com/";
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="160"><rect width="160" height="160" fill="#8aa4b8"/></svg>';
const PHONE = 375;
const DESK = 1280;
const NARROWEST = 320;
// Gmail cuts a mail here, and its last links with it.
const CUT = 102 * 1024;
// A picture takes longer than all that is checked; these show every block.
const SHOWN = /^(confirmation|shipped|delivered|problem-lost|welcome-1|cart-1|review|confirm-subscription)-/;

// What a document on the web should not have, and a mail needs: tables with attributes and inline styles for Outlook's Word engine,
// conditional comments for the same, and `role="article"`, which screen readers announce a mail by. MJML closes void elements.
const MAIL_ONLY = [
  "no-inline-style", "no-conditional-comment", "no-deprecated-attr", "presentation-role-style", "prefer-tbody", "prefer-native-element",
  "void-style", "doctype-style", "no-trailing-whitespace",
];
const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended"],
  rules: Object.fromEntries(MAIL_ONLY.map((rule) => [rule, "off"])),
});

const CLIENTS = [
  "gmail.desktop-webmail", "gmail.ios", "gmail.android", "outlook.windows", "outlook.macos", "outlook.outlook-com", "outlook.ios",
  "outlook.android", "apple-mail.macos", "apple-mail.ios", "yahoo.desktop-webmail", "yahoo.ios", "yahoo.android", "samsung-email.android",
];
// What some of them do not know, and what a reader sees then.
const GRACEFUL = {
  "color-scheme CSS property": "the program does dark mode its own way",
  "color-scheme meta tag": "the program does dark mode its own way",
  "@media": "the light colours, one column: the layout is one column anyway",
  "Descendant combinator": "the light colours",
  "Type selector": "resets only",
  "ID selector": "a reset for old Outlooks",
  "Class selector": "the light colours",
  "Chaining selectors": "the light colours",
  "cursor": "the usual pointer",
  "target attribute": "the program decides where a link opens",
  "overflow-wrap": "a word as long as the screen is cut or widens its table",
  "word-break": "the same",
  "word-spacing": "set to normal",
  "white-space": "a price may break between amount and currency",
  "opacity": "the preheader is hidden by its size as well",
  "max-height property": "the preheader is hidden by display as well",
  "overflow": "the preheader is hidden by display as well",
  "display:none": "the preheader is hidden by its size as well",
  "outline": "of pictures: there is none",
  "border-radius": "square buttons",
  "table-layout": "set to auto",
  "aria-label attribute": "the title is read in the text as well",
  "aria-roledescription attribute": "the mail is no 'email' but an article",
  "role attribute": "tables are announced as tables",
  "<body> element": "its colour is on the first block as well",
  "height property": "pictures keep their own",
};

const problems = [];
let looks = 0;
const browser = await launch();
try {
  const seen = new Set();
  let probed = 0;
  for (const name of names) {
    const html = readFileSync(join(mails, `${name}.html`), "utf8");
    const wrong = (what) => problems.push(`${name}: ${what}`);
    if (Buffer.byteLength(html) > CUT) wrong(`${Buffer.byteLength(html)} bytes: Gmail cuts it`);
    for (const what of await invalid(html)) wrong(what);
    // Only what no mail before it had.
    const fresh = features(html).filter((feature) => !seen.has(feature));
    if (fresh.length > 0) {
      fresh.forEach((feature) => seen.add(feature));
      probed += 1;
      for (const what of unsupported(html)) wrong(what);
    }
  }
  if (seen.size < 60 || probed === 0) problems.push(`the check itself: only ${seen.size} features seen`);
  for (const colorScheme of ["light", "dark"]) await looked(colorScheme);
  problems.push(...(await blindness()));
} finally {
  await browser.close();
}

for (const problem of problems) console.error(problem);
const failed = new Set(problems.map((problem) => problem.split(":")[0])).size;
console.log(`${names.length} mails, ${looks} looks, pictures in ${pictures}`);
console.log(`${Math.max(looks - failed, 0)} passed, ${failed} failed`);
process.exitCode = problems.length > 0 ? 1 : 0;

async function invalid(html) {
  const report = await validator.validateString(html);
  return report.results.flatMap((result) => result.messages).map((found) => `not valid: ${found.ruleId}: ${found.message}`);
}

// Every tag, attribute and property in it.
function features(html) {
  const tags = html.match(/<[a-z][a-z0-9]*|\s[a-z][a-z-]*(?==")/gi) ?? [];
  const properties = html.match(/[a-z-]+(?=\s*:)/gi) ?? [];
  return [...new Set([...tags, ...properties].map((feature) => feature.trim().toLowerCase()))];
}

// Unknown to one of the usual programs, and not known to be harmless there.
function unsupported(html) {
  const { issues } = caniemail({ clients: CLIENTS, html });
  const by = {};
  for (const [client, list] of issues.errors) for (const { title } of list) (by[title] ??= new Set()).add(client);
  return Object.entries(by).filter(([title]) => !(title in GRACEFUL)).map(([title, clients]) => `${title} is not known by ${[...clients].join(", ")}`);
}

async function looked(colorScheme) {
  const context = await browser.newContext({ colorScheme, javaScriptEnabled: true, viewport: { width: PHONE, height: 900 } });
  const page = await context.newPage();
  let wrong = () => {};
  page.on("console", (message) => wrong(`console: ${message.text()}`));
  await page.route("**/*", (route) => {
    const url = route.request().url();
    if (url.startsWith(PICTURES)) return route.fulfill({ contentType: "image/svg+xml", body: PICTURE });
    wrong(`asks ${url}`);
    return route.abort();
  });
  for (const name of names) {
    const html = readFileSync(join(mails, `${name}.html`), "utf8");
    const { language } = JSON.parse(readFileSync(join(mails, `${name}.json`), "utf8"));
    // A layout is the same in every language and colour: once on a desk is enough.
    for (const width of name.endsWith("-en") && !name.includes("-bright-") ? [PHONE, DESK] : [PHONE]) {
      wrong = (what) => problems.push(`${name} ${width} ${colorScheme}: ${what}`);
      await page.setViewportSize({ width, height: 900 });
      await page.setContent(html, { waitUntil: "load" });
      for (const problem of await page.evaluate(frame, language)) wrong(problem);
      for (const problem of await page.evaluate(turned)) wrong(problem);
      await page.evaluate(axe);
      const found = await page.evaluate(() => globalThis.axe.run(document, { rules: { region: { enabled: false }, "landmark-one-main": { enabled: false } } }));
      for (const violation of found.violations) {
        wrong(`axe ${violation.id}: ${violation.nodes.map((node) => node.target.join(" ")).join(", ")}`);
      }
      for (const open of found.incomplete) wrong(`axe cannot tell ${open.id}: ${open.nodes.map((node) => node.target.join(" ")).join(", ")}`);
      if (found.passes.length < 10) wrong(`axe looked at ${found.passes.length} rules only`);
      if (SHOWN.test(name)) await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      looks += 1;
    }
    await page.setViewportSize({ width: NARROWEST, height: 900 });
    for (const problem of await page.evaluate(tooWide)) wrong(`at ${NARROWEST}: ${problem}`);
  }
  await context.close();
}

// In the page: what a screen reader and a phone need of it.
function frame(language) {
  const wrong = [];
  if (document.documentElement.lang !== language) wrong.push(`lang is ${document.documentElement.lang}`);
  for (const one of ["h1", "title"]) if (document.querySelectorAll(one).length !== 1) wrong.push(`not one ${one}`);
  for (const none of ["script", "link", "iframe", "form", "object", "base"]) if (document.querySelector(none)) wrong.push(`a ${none}`);
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) wrong.push(`${scrollWidth} wide in ${clientWidth}`);
  for (const image of document.images) if (image.naturalWidth === 0 || !image.alt) wrong.push(`no picture, or no words for it: ${image.src}`);
  // On a desk a mail is a column in the middle of the window.
  const [column] = [...document.querySelectorAll(".card")].map((card) => card.getBoundingClientRect());
  const beside = clientWidth - 600;
  if (!column || column.width > 600) wrong.push(`a column ${column?.width} wide`);
  else if (beside > 0 && Math.abs(column.left - beside / 2) > 1) wrong.push("a column that is not in the middle");
  const buttons = [...document.querySelectorAll(".button a")];
  if (buttons.length > 1) wrong.push(`${buttons.length} buttons`);
  for (const button of buttons) if (button.getBoundingClientRect().height < 44) wrong.push("a button too small for a thumb");
  return wrong;
}

function tooWide() {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [`${scrollWidth} wide in ${clientWidth}`] : [];
}

// Some programs turn the colours round by themselves: every lightness into its opposite, hue and saturation kept. Text must still stand
// out: 3 to 1, the least that WCAG 2 asks of anything.
function turned() {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const opposite = ([r, g, b]) => {
    const [high, low] = [Math.max(r, g, b), Math.min(r, g, b)];
    return [r, g, b].map((part) => 255 - high - low + part);
  };
  const light = (color) => {
    const [r, g, b] = color.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, alpha = 1] = parse(getComputedStyle(at).backgroundColor);
      if (alpha > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const wrong = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.getClientRects().length === 0 || getComputedStyle(element).opacity === "0") continue;
    const [text, ground] = [parse(getComputedStyle(element).color).slice(0, 3), behind(element)].map((color) => light(opposite(color)));
    const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    if (contrast < 3) wrong.add(`colours turned round: ${contrast.toFixed(1)} to 1 in ${element.tagName} "${node.data.trim().slice(0, 30)}"`);
  }
  return [...wrong];
}

// The check itself sees what it looks for.
async function blindness() {
  const bad = '<p style="color:#bbb;background:#fff">faint</p><img src="data:,"><div style="width:2000px;display:grid">wide</div><p><div></p>';
  const missed = [];
  if ((await invalid(bad)).length === 0) missed.push("invalid HTML");
  if (!unsupported(bad).some((what) => what.includes("grid"))) missed.push("a feature that Outlook does not know");
  const page = await browser.newPage({ viewport: { width: NARROWEST, height: 900 } });
  await page.setContent(bad);
  if ((await page.evaluate(tooWide)).length === 0) missed.push("width");
  if ((await page.evaluate(turned)).length === 0) missed.push("colours turned round");
  if (!(await page.evaluate(frame, "en")).some((what) => what.includes("picture"))) missed.push("a picture without words");
  await page.close();
  return missed.map((what) => `the check itself: does not see ${what}`);
}

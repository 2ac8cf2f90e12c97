// People at the hosted form, in a real Chromium: with and without scripts, on a telephone, by keyboard
// alone. Usage: visit.mjs LINKS, JSON of links by what is done with each. The first thing that is not
// as it should be ends it with exit code 1.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const links = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});

/** A page of a browser of its own; what it asks for or complains about is kept. */
async function visitor(options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.asked = [];
  page.complaints = [];
  page.on("request", (request) => page.asked.push(request.url()));
  page.on("console", (message) => page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(error.message));
  return page;
}

function wellBehaved(page) {
  const origin = new URL(Object.values(links)[0]).origin;
  const foreign = page.asked.filter((url) => new URL(url).origin !== origin);
  assert.deepEqual(foreign, [], "it loads something from elsewhere");
  // That something is missing, or over, has a status of its own.
  const meant = /responded with a status of (410|422)/;
  assert.deepEqual(page.complaints.filter((text) => !meant.test(text)), [], "the browser complains");
}

const tests = {
  async "somebody whose browser runs no scripts, with a mouse"() {
    const page = await visitor({ javaScriptEnabled: false });
    await page.goto(links.plain);
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    // As it is read out: a heading, a named group of eleven radio buttons, a named button.
    await page.getByRole("heading", { name: "How are we doing?" }).waitFor();
    const scale = page.getByRole("group", { name: "Would you recommend us? (required)" });
    assert.equal(await scale.getByRole("radio").count(), 11);
    const told = await page.locator("body").ariaSnapshot();
    assert.match(told, /radio "10"/);
    assert.doesNotMatch(told, /website/, "the trap is heard");

    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("alert").waitFor();
    const first = scale.getByRole("radio").first();
    assert.equal(await first.getAttribute("aria-invalid"), "true");
    const described = await first.getAttribute("aria-describedby");
    assert.match(await page.locator(`[id="${described}"]`).innerText(), /please answer/);

    await scale.getByRole("radio", { name: "3", exact: true }).check();
    await page.getByRole("button", { name: "Send" }).click();
    // What the answer leads to is asked next; what was answered is not lost.
    const why = page.getByRole("textbox", { name: "What went wrong?" });
    await why.fill("It was late <script>alert(1)</script>");
    await page.getByRole("checkbox", { name: "Price" }).check();
    await page.getByRole("checkbox", { name: "Time" }).check();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("heading", { name: "Thank you" }).waitFor();
    await page.goto(links.plain);
    await page.getByRole("heading", { name: "You have answered already" }).waitFor();
    wellBehaved(page);
  },

  async "somebody on a telephone, in Chinese"() {
    const page = await visitor({
      viewport: { width: 360, height: 640 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true,
      locale: "zh-CN", colorScheme: "dark",
    });
    await page.goto(links.mobile + "?q.score=9");
    await page.getByRole("link", { name: "中文" }).tap();
    await page.getByRole("heading", { name: "我们做得怎么样？" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "zh");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 360, `${wide} pixels wide: it scrolls sideways`);
    const labels = page.locator(".scale label");
    for (let at = 0; at < await labels.count(); ++at) {
      const box = await labels.nth(at).boundingBox();
      assert.ok(box.width >= 44 && box.height >= 44, `too small for a finger: ${JSON.stringify(box)}`);
    }
    const size = await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
    assert.ok(size >= 16, `letters of ${size} pixels`);
    await page.getByRole("radio", { name: "10" }).tap();
    const send = page.getByRole("button", { name: "提交" });
    assert.ok((await send.boundingBox()).height >= 44);
    await send.tap();
    await page.getByRole("heading", { name: "谢谢您" }).waitFor();
    wellBehaved(page);
  },

  async "somebody with a keyboard alone, who comes by a rating of the mail"() {
    const page = await visitor();
    await page.goto(links.keyboard + "?q.score=8");
    assert.ok(await page.getByRole("radio", { name: "8" }).isChecked(), "the rating is suggested");
    const reached = [];
    for (let at = 0; at < 8; ++at) {
      await page.keyboard.press("Tab");
      reached.push(await page.evaluate(() => document.activeElement.name || document.activeElement.tagName));
    }
    assert.ok(reached.includes("q.score") && reached.includes("BUTTON"), reached.join(" "));
    assert.ok(!reached.includes("website"), "the trap is reached by the keyboard");
    await page.getByRole("radio", { name: "8" }).focus();
    await page.keyboard.press("ArrowRight");
    assert.ok(await page.getByRole("radio", { name: "9" }).isChecked(), "arrows choose");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Thank you" }).waitFor();
    wellBehaved(page);
  },

  async "somebody who wants no more of it"() {
    const page = await visitor({ javaScriptEnabled: false });
    await page.goto(links.unsubscribe);
    await page.getByRole("button", { name: "No more surveys" }).click();
    await page.getByRole("heading", { name: "Done" }).waitFor();
    await page.goto(links.unsubscribed);
    await page.getByRole("heading", { name: "This survey is closed for you" }).waitFor();
    wellBehaved(page);
  },
};

let failed = 0;
for (const [who, what] of Object.entries(tests)) {
  try {
    await what();
    console.log("ok  " + who);
  } catch (error) {
    console.error(`NOT SO: ${who}: ${error.stack}`);
    failed = 1;
  }
}
await browser.close();
process.exit(failed);

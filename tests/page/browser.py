#!/usr/bin/env python3
"""browser.py FOLDER [SHOTS]: opens the sample pages in a headless Chromium.

Drives chromedriver over its own protocol (WebDriver, W3C) with nothing but the
standard library. With SHOTS, also leaves pictures there: at 375 and 1280 pixels,
light and dark, and the printed page as PDF. Ends with 77 and a note where there
is no chromium or no chromedriver.
"""
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request


class Browser:
    def __init__(self, driver, chromium):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"]
        wanted = {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"binary": chromium, "args": args}}}}
        for _ in range(100):
            try:
                self.session = self.call("POST", "/session", wanted)["sessionId"]
                return
            except urllib.error.URLError as e:
                if isinstance(e, urllib.error.HTTPError):
                    raise
                time.sleep(0.1)
        raise RuntimeError("chromedriver does not answer")

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def do(self, method, path, body=None):
        return self.call(method, f"/session/{self.session}{path}", body)

    def open(self, path):
        self.logs()
        self.do("POST", "/url", {"url": pathlib.Path(path).resolve().as_uri()})

    def run(self, script, *args):
        return self.do("POST", "/execute/sync", {"script": script, "args": list(args)})

    def devtools(self, command, **params):
        return self.do("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def logs(self):
        """What the console said, and every address that was asked for."""
        said = [e["message"] for e in self.do("POST", "/se/log", {"type": "browser"})]
        asked = []
        for e in self.do("POST", "/se/log", {"type": "performance"}):
            message = json.loads(e["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        return said, asked

    def shape(self, width, dark, height=900):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=width < 600)
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def shot(self, path):
        size = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        data = self.devtools("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 8000),
            "scale": 1})["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def pdf(self, path):
        data = self.devtools("Page.printToPDF", printBackground=True)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def close(self):
        try:
            self.do("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait()


FAILED = []


def expect(what, seen, wanted):
    if seen != wanted:
        FAILED.append(what)
        print(f"browser: {what}: {seen!r}, not {wanted!r}")


ROWS = """return [...document.querySelectorAll('#rows tr')].map(
    (row) => [...row.cells].map((cell) => cell.textContent))"""
ARROW = """document.activeElement.dispatchEvent(
    new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}));
    return document.activeElement.dataset.neuron"""
# Every element with words of its own, its colour against what lies behind it.
CONTRAST = """
    const rgba = (text) => text.match(/[\\d.]+/g).map(Number);
    const linear = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const behind = (e) => {
        for (; e; e = e.parentElement) {
            const back = rgba(getComputedStyle(e).backgroundColor);
            if (back.length === 3 || back[3] > 0) return back;
        }
        return [255, 255, 255];
    };
    const poor = new Set();
    for (const e of document.querySelectorAll('body *:not(script, style, svg, svg *, :disabled)')) {
        const words = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '');
        if (!words || !e.checkVisibility()) continue;
        const a = light(rgba(getComputedStyle(e).color)), b = light(behind(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (!(ratio >= 4.5)) poor.add(`${e.tagName}.${e.className} ${ratio.toFixed(1)}`);
    }
    /* Words in figures that have a colour of their own stand beside what is drawn. */
    for (const e of document.querySelectorAll('figure g[font-size][fill^="rgb("]')) {
        const fill = e.getAttribute('fill');
        if (!['rgb(0,114,178)', 'rgb(213,94,0)', 'rgb(0,158,115)', 'rgb(128,128,128)']
            .includes(fill)) continue;
        const a = light(rgba(getComputedStyle(e).fill)), b = light(behind(e.closest('figure')));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (!(ratio >= 4.5)) poor.add(`figure ${fill} ${ratio.toFixed(1)}`);
    }
    return [...poor]"""
SMALL = """
    return [...new Set([...document.querySelectorAll('.network text')].filter((e) => {
        const scale = e.getScreenCTM().a;
        return !(parseFloat(getComputedStyle(e).fontSize) * scale >= 10);
    }).map((e) => e.textContent))].slice(0, 3)"""
# The figures' letters, and what takes the focus where a figure is wider than its box.
LETTERS = """
    return Math.min(...[...document.querySelectorAll('figure svg text, figure svg g[font-size]')]
        .map((e) => {
            const by = e.getScreenCTM(); /* some are turned */
            return parseFloat(getComputedStyle(e).fontSize) * Math.hypot(by.a, by.b);
        }))"""
BOXES = """
    return [...document.querySelectorAll('.wide')].map((e) => [
        e.scrollWidth > e.clientWidth, e.tabIndex === 0, Boolean(e.getAttribute('aria-label'))])"""
CLICK = "document.querySelector(arguments[0]).click()"
CHOOSE = """const e = document.querySelector(arguments[0]); e.value = arguments[1];
    e.dispatchEvent(new Event('change')); e.dispatchEvent(new Event('input'))"""


def loads_clean(browser, path):
    browser.open(path)
    said, asked = browser.logs()
    expect(f"{path}: console", said, [])
    expect(f"{path}: requests", [a for a in asked if not a.startswith(("file:", "data:"))], [])
    expect(f"{path}: pages asked for", len([a for a in asked if a.startswith("file:")]), 1)
    expect(f"{path}: elements that scripts in text would make",
           browser.run("return document.querySelectorAll('body i, svg script, h1 script').length"),
           0)


def fits(browser, path, width):
    wide = browser.run("return document.documentElement.scrollWidth")
    expect(f"{path}: width at {width}", wide <= width, True)


def small(browser, folder):
    path = f"{folder}/small/report.html"
    loads_clean(browser, path)
    expect("title", browser.run("return document.title"),
           'XOR "quoted" <script>alert(1)</script> & `date`')
    rows = browser.run(ROWS)
    expect("entries", len(rows), 20)
    expect("of all", browser.run("return document.getElementById('count').textContent"),
           f"1 to 20 of {17 + 5}")
    expect("worst first", rows[0][1], "disagree")
    browser.run(CHOOSE, "#layer", "2")
    rows = browser.run(ROWS)
    expect("layer 2", sorted({r[0].split("[")[0] for r in rows}), ["W2", "b2", "delta2"])
    browser.run(CHOOSE, "#verdict", "bad")
    expect("only bad ones", {r[1] for r in browser.run(ROWS)}, {"disagree"})
    browser.run(CHOOSE, "#layer", "")
    browser.run(CHOOSE, "#verdict", "")
    browser.run(CLICK, "th[data-sort=entry] button")
    expect("by entry", browser.run(ROWS)[0][0], "W1[0,0]")
    expect("aria-sort", browser.run("return document.querySelector('th[data-sort=entry]')"
                                    ".getAttribute('aria-sort')"), "ascending")
    browser.run(CLICK, "th[data-sort=backprop] button")
    values = [float(r[2]) for r in browser.run(ROWS)]
    expect("by backprop, down", values, sorted(values, reverse=True))
    browser.run(CLICK, "th[data-sort=backprop] button")
    values = [float(r[2]) for r in browser.run(ROWS)]
    expect("by backprop, up", values, sorted(values))
    browser.run(CHOOSE, "#find", "b1[")
    time.sleep(0.3)
    expect("starts with b1[", sorted(r[0] for r in browser.run(ROWS)),
           [f"b1[{i}]" for i in range(4)])
    browser.run(CHOOSE, "#find", "<img src=x onerror=alert(1)>")
    time.sleep(0.3)
    expect("nothing fits", browser.run("return document.getElementById('count').textContent"),
           "no entry of 22 fits")
    neuron(browser)
    keys(browser)


def neuron(browser):
    words = browser.run("""
        const g = document.querySelector('g[data-neuron="1:3"]');
        g.focus();
        return [document.activeElement === g, g.closest('.network').querySelector('output').textContent,
                document.querySelectorAll('.edge:not(.off)').length]""")
    expect("a neuron takes the focus", words[0], True)
    expect("and says its numbers", words[1].startswith("neuron 1:3: z = "), True)
    expect("and keeps its own weights", words[2], 3)
    expect("the arrows go from neuron to neuron", [browser.run(ARROW, key) for key in (
        "ArrowUp", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft", "ArrowDown", "ArrowDown")],
        ["1:2", "2:0", "2:0", "1:0", "0:0", "0:1", "0:1"])
    expect("and the tab key to one of them",
           browser.run("return [...document.querySelectorAll('g[tabindex=\"0\"]')]"
                       ".map((g) => g.dataset.neuron)"), ["0:1"])


def keys(browser):
    """Everything that can be used can be reached with the tab key."""
    seen = browser.run("return document.querySelectorAll('a[href], button, select, input, "
                       "summary, [tabindex=\"0\"]').length")
    expect("things to reach", seen > 20, True)
    expect("no tabindex above 0", browser.run(
        "return [...document.querySelectorAll('[tabindex]')].filter((e) => e.tabIndex > 0).length"),
        0)
    expect("tables without headers", browser.run(
        "return [...document.querySelectorAll('table')].filter((t) => "
        "!t.querySelector('thead th[scope=col]') || t.querySelector('tbody tr:not(:has(th))'))"
        ".length"), 0)
    expect("pictures without words", browser.run(
        "return [...document.querySelectorAll('svg[role=img], g[role=img]')].filter("
        "(s) => !s.getAttribute('aria-label') && !s.querySelector('title, desc')).length"), 0)
    expect("figures without words", browser.run(
        "return [...document.querySelectorAll('figure svg')].filter("
        "(s) => !s.querySelector('desc').textContent).length"), 0)


def large(browser, folder):
    path = f"{folder}/large/report.html"
    loads_clean(browser, path)
    expect("all entries", browser.run("return document.getElementById('count').textContent"),
           "1 to 20 of 23,900")
    took = browser.run("""const t = performance.now();
        document.querySelector('th[data-sort=relative] button').click();
        document.querySelector('th[data-sort=numeric] button').click();
        return performance.now() - t""")
    print(f"browser: two sorts of 23,900 rows took {took:.0f} ms")
    values = [float(r[3]) for r in browser.run(ROWS)]
    expect("by numeric", values, sorted(values, reverse=True))
    expect("rows in the page", len(values), 20)
    browser.run(CLICK, "#forward")
    expect("next 20", browser.run("return document.getElementById('count').textContent"),
           "21 to 40 of 23,900")
    browser.run(CHOOSE, "#find", "W1[29,783]")
    time.sleep(0.4)
    expect("the last weight", [r[0] for r in browser.run(ROWS)], ["W1[29,783]"])


def huge(browser, folder):
    path = f"{folder}/huge/report.html"
    loads_clean(browser, path)
    expect("the worst of very many",
           browser.run("return document.getElementById('count').textContent"),
           "1 to 20 of 40,000 (of 47,780)")
    paper = browser.run("return [...document.querySelectorAll('.paper tbody tr')].map("
                        "(row) => [row.cells[0].textContent, parseFloat(row.cells[2].textContent)])")
    expect("the rows of the script are those without it",
           [[r[0], float(r[2])] for r in browser.run(ROWS)], paper)


def printed(browser, folder):
    path = f"{folder}/large/report.html"
    browser.open(path)
    browser.devtools("Emulation.setEmulatedMedia", media="print")
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    seen = browser.run("""
        const shown = (s) => [...document.querySelectorAll(s)].map((e) => e.checkVisibility());
        return [shown('.paper'), shown('.drawing svg'), shown('.check .screen'), shown('nav'),
                shown('.long')].map((of) => [...new Set(of)])""")
    expect("paper has the worst rows and the drawing, no tools, nothing long", seen,
           [[True], [True], [False], [False], [False]])
    browser.devtools("Emulation.setEmulatedMedia", media="")


def readable(browser, page, width, dark):
    """Contrast as WCAG 2.1 asks for (4.5 to 1), and no text of a few pixels."""
    where = f"{page} at {width}, {'dark' if dark else 'light'}"
    expect(f"{where}: text of little contrast", browser.run(CONTRAST), [])
    expect(f"{where}: small letters in drawings", browser.run(SMALL), [])


def figures(browser, page, width):
    """Letters that can be read; what does not fit is scrolled in its own box, by keys too."""
    letters = browser.run(LETTERS)
    if letters is None or browser.run("return !document.querySelector('figure svg text')"):
        return
    expect(f"{page} at {width}: letters in figures ({letters})", letters >= 11, True)
    seen = browser.run(BOXES)
    expect(f"{page} at {width}: figures with boxes", len(seen) > 0, True)
    for wide, reached, named in seen:
        expect(f"{page} at {width}: a box to scroll", [wide, reached, named],
               [width < 600, width < 600, True])
    if width < 600 and seen:
        expect(f"{page} at {width}: scrolled by hand", browser.run("""
            const box = document.querySelector('.wide');
            box.focus();
            box.scrollLeft = 1000;
            return [document.activeElement === box, box.scrollLeft > 40]"""), [True, True])


def whole_on_paper(browser, folder):
    browser.shape(1280, False)
    browser.open(f"{folder}/small/report.html")
    browser.devtools("Emulation.setEmulatedMedia", media="print")
    browser.devtools("Emulation.setDeviceMetricsOverride", width=600, height=900,
                     deviceScaleFactor=1, mobile=False)
    expect("no figure is cut off on paper", browser.run(
        "return [...document.querySelectorAll('.wide')].filter("
        "(e) => e.scrollWidth > e.clientWidth).length"), 0)
    browser.devtools("Emulation.setEmulatedMedia", media="")


def without_scripts(browser, folder):
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{folder}/small/report.html")
    seen = browser.devtools("DOM.getDocument", depth=1)
    worst = browser.devtools("DOM.querySelector", nodeId=seen["root"]["nodeId"],
                             selector=".paper tbody tr")
    expect("the worst rows without scripts", worst["nodeId"] > 0, True)
    browser.devtools("Emulation.setScriptExecutionDisabled", value=False)


def all_widths(browser, folder, shots):
    pages = {"index": "index.html", "small": "small/report.html", "large": "large/report.html",
             "huge": "huge/report.html", "explain": "explain/missing-activation-derivative.html",
             "rule": "explain/loss-stuck.html"}
    for name, page in pages.items():
        for width in (375, 1280):
            for dark in (False, True):
                browser.shape(width, dark)
                browser.open(f"{folder}/{page}")
                fits(browser, page, width)
                readable(browser, page, width, dark)
                figures(browser, page, width)
                if shots:
                    browser.shot(f"{shots}/{name}-{width}-{'dark' if dark else 'light'}.png")
        if shots:
            browser.shape(1280, False)
            browser.open(f"{folder}/{page}")
            browser.pdf(f"{shots}/{name}.pdf")


def main():
    folder, shots = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    driver = shutil.which("chromedriver")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser",
                                                    "google-chrome"))), None)
    if driver is None or chromium is None:
        print("note: skipped: no chromium and chromedriver (Debian: chromium-driver)")
        return 77
    os.environ.setdefault("HOME", "/tmp")
    browser = Browser(driver, chromium)
    try:
        browser.shape(1280, False)
        for page in ("index.html", "explain/missing-activation-derivative.html"):
            loads_clean(browser, f"{folder}/{page}")
        small(browser, folder)
        large(browser, folder)
        huge(browser, folder)
        printed(browser, folder)
        whole_on_paper(browser, folder)
        without_scripts(browser, folder)
        all_widths(browser, folder, shots)
    finally:
        browser.close()
    print(f"browser: {'%d failed' % len(FAILED) if FAILED else 'all passed'}")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())

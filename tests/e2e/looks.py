"""What is wrong with a page as it is shown: what axe finds, and what axe does not look for.

Clipped or overlapping things, small targets, letters that no font of ours has, fonts that did not come, a focus that
is not seen or covered, an order of the tab key that leaps back, what hangs out of a narrow window, and all of it again
with the spacing that WCAG 1.4.12 asks a page to bear.
"""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.e2e.booking_scene import FINDINGS, MISSING_WORDS
from tests.e2e.chromium import AXE
from tests.web.test_glyphs import drawn, missing, stack

LEAST_PX = {"resident": 64, "tablet": 56, "staff": 24}
"""By a word in the page's `body` class; WCAG 2.5.8 asks for 24."""

AT_REST = """() => document.readyState === 'complete' && document.fonts.status === 'loaded'
  && document.getAnimations().every(({ playState }) => playState !== 'running')
  && [...document.images].every(i => i.complete && (i.naturalWidth || i.loading === 'lazy'))"""

TURNED = r"""() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    for (const { 0: number, index } of text.data.matchAll(/\d{2,}(?:[ \/-]\d{2,})+/g)) {
      const [first, last] = [index, index + number.length - 1].map((at) => {
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return range.getBoundingClientRect();
      });
      if (first.top === last.top && first.left > last.left) found.push(`number turned round: ${number}`);
    }
  }
  return found;
}"""
"""Numbers of several groups, telephone numbers above all, whose groups stand in the wrong order in a page from right
to left."""

GIVEN = """
const shown = (e) => e.getClientRects().length
  && e.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true })
  && !e.closest('.visually-hidden, .skip-link:not(:focus), [hidden]');
const named = (e) => `${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''}.${e.className.baseVal ?? e.className} `
  + `"${(e.innerText ?? e.value ?? '').trim().slice(0, 30)}"`;
const CONTROLS = 'a[href], button, input:not([type=hidden]), select, textarea, summary, label.tile';
const controls = [...document.querySelectorAll(CONTROLS)].filter(shown);
const inside = (e, other) => e.contains(other) || other.contains(e) || e.closest('label')?.contains(other)
  || other.closest('label')?.contains(e);
"""

LAYOUT = (
    "(least) => {"
    + GIVEN
    + """
  const found = [], wide = document.documentElement.clientWidth;
  const scrolls = (e) => { for (let p = e; p; p = p.parentElement)
    if (['auto', 'scroll'].includes(getComputedStyle(p).overflowX)) return true; };
  if (document.documentElement.scrollWidth > wide + 1) found.push('the page is too wide');
  for (const e of document.querySelectorAll('body *')) {
    if (!shown(e) || e.closest('svg')) continue;
    const box = e.getBoundingClientRect();
    if ((box.right > wide + 1 || box.left < -1) && !scrolls(e.parentElement)) found.push(`hangs out: ${named(e)}`);
    const style = getComputedStyle(e);
    const cuts = (o) => ['hidden', 'clip'].includes(o);
    if (e.matches('input, select, textarea, video, canvas, iframe')) continue;
    if ((cuts(style.overflowX) && e.scrollWidth > e.clientWidth + 1)
      || (cuts(style.overflowY) && e.scrollHeight > e.clientHeight + 1)) found.push(`clipped: ${named(e)}`);
  }
  controls.forEach((e, n) => {
    const a = e.getBoundingClientRect();
    const isInText = e.matches('a') && getComputedStyle(e).display === 'inline';
    const target = e.matches('[type=radio], [type=checkbox]') ? (e.closest('label') ?? e).getBoundingClientRect() : a;
    const asked = e.closest('main, header, footer') && !isInText ? least : 24;
    if (target.height < asked - 0.5 || target.width < Math.min(asked, 24) - 0.5)
      found.push(`too small (${Math.round(target.width)} x ${Math.round(target.height)}): ${named(e)}`);
    for (const other of controls.slice(n + 1)) {
      if (inside(e, other)) continue;
      const b = other.getBoundingClientRect();
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1
        && !e.closest('.languages > ul') && !other.closest('.languages > ul'))
        found.push(`overlap: ${named(e)} and ${named(other)}`);
    }
  });
  return found;
}"""
)
FOCUS = (
    "() => {"
    + GIVEN
    + """
  const found = [], rtl = document.documentElement.dir === 'rtl';
  const order = controls.filter(e => !e.disabled && e.tabIndex >= 0 && !e.matches('label')
    && !(e.type === 'radio' && e.name && e !== (controls.find(o => o.name === e.name && o.checked)
      ?? controls.find(o => o.type === 'radio' && o.name === e.name))));
  let before = null;
  for (const e of order) {
    if (e.tabIndex > 0) found.push(`tabindex: ${named(e)}`);
    e.focus();
    if (document.activeElement !== e) { found.push(`takes no focus: ${named(e)}`); continue; }
    const ring = getComputedStyle(e.closest('.tile') ?? e);
    const seen = (ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) >= 2) || ring.boxShadow !== 'none';
    if (!seen) found.push(`no focus to be seen: ${named(e)}`);
    const box = (e.closest('.tile') ?? e).getClientRects()[0];
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const top = document.elementFromPoint(x, y);
    const isOver = top && !inside(e, top) && !top.closest('label')?.contains(e);
    if (x > 0 && y > 0 && x < innerWidth && y < innerHeight && isOver)
      found.push(`focus is covered: ${named(e)} by ${named(top)}`);
    const now = { top: box.top + scrollY, bottom: box.bottom + scrollY, left: box.left, right: box.right };
    if (before && now.bottom <= before.top + 1 && (rtl ? now.right > before.left : now.left < before.right))
      found.push(`the tab key leaps back to ${named(e)}`);
    before = now;
  }
  return found;
}"""
)
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
"""WCAG 1.4.12; a sheet that is made in place needs no leave of the page's policy."""
FORCED = (
    "() => {"
    + GIVEN
    + """
  return controls.filter(e => e.matches('button, .button, select, textarea, input:not([type=radio], [type=checkbox])'))
    .filter(e => getComputedStyle(e).borderStyle === 'none' && getComputedStyle(e).textDecorationLine === 'none')
    .map(e => `no edge in forced colours: ${named(e)}`);
}"""
)
TEXT = """() => document.body.innerText + [...document.querySelectorAll('input, textarea, option')]
  .map(e => e.placeholder ?? e.text ?? '').join('')"""
FONTS = """() => ['400 1em', '700 1em']
  .filter(size => !document.fonts.check(`${size} "Atkinson Hyperlegible Next"`, 'abc'))
  .map(size => `the font did not come: ${size}`)"""

SILENT = """() => document.body.classList.contains('resident')
  && !document.querySelector('.site-bar > #aloud[href^="/vorlesen/"]') ? ['it cannot be read out'] : []"""


def at_rest(page: Page) -> None:
    """Wait for style, fonts and pictures, and for what still changes its colour."""
    page.wait_for_function(AT_REST)


def least_of(page: Page) -> int:
    """How high a target must be at least on this page."""
    words = (page.locator("body").get_attribute("class") or "").split()
    return next((LEAST_PX[word] for word in ("resident", "tablet") if word in words), LEAST_PX["staff"])


def by_axe(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.evaluate(FINDINGS))


def by_layout(page: Page) -> list[str]:
    """As it stands, and spaced; then where the focus goes."""
    least = least_of(page)
    found = [*page.evaluate(LAYOUT, least), *page.evaluate(MISSING_WORDS), *page.evaluate(FONTS), *_glyphs(page)]
    found += page.evaluate(SILENT) + page.evaluate(TURNED)
    page.keyboard.press("Tab")
    found += page.evaluate(FOCUS)
    page.evaluate(SPACED)
    return found + [f"spaced: {each}" for each in page.evaluate(LAYOUT, least)]


def in_forced_colours(page: Page) -> list[str]:
    page.emulate_media(forced_colors="active")
    found = [*page.evaluate(FORCED), *page.evaluate(FOCUS)]
    page.emulate_media(forced_colors="none")
    return found


def _glyphs(page: Page) -> Iterator[str]:
    holes = missing(page.evaluate(TEXT), drawn(stack("--font")))
    if holes:
        yield f"no font of ours has {holes}"

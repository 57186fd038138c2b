"""A page as Chromium lays it out, without a driver: two frames, of which a script reports."""

import json
import shutil
import subprocess
from html import unescape
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SCRIPT = """
<body>%s<pre id="found"></pre><script>
window.addEventListener('load', () => {
  const found = [...document.querySelectorAll('iframe')].map(frame => {
    const page = frame.contentDocument, root = page.documentElement, view = frame.contentWindow;
    const images = [...page.images], links = [...page.querySelectorAll('a[href^="#"]')];
    const jumps = links.map(link => {
      const target = page.getElementById(link.getAttribute('href').slice(1));
      if (!target) return null;
      link.click();
      return target.getBoundingClientRect().top;
    });
    view.scrollTo(0, 0);
    page.querySelectorAll('details').forEach(one => { one.open = true; });
    return {
      width: root.clientWidth, content: root.scrollWidth, body: page.body.scrollWidth,
      images: images.length,
      loaded: images.filter(one => one.complete && one.naturalWidth > 0).length,
      fits: images.every(one => one.getBoundingClientRect().right <= root.clientWidth + 1),
      height: root.scrollHeight, window: view.innerHeight, jumps,
      requests: view.performance.getEntriesByType('resource').map(one => one.name)
        .filter(name => !name.startsWith('data:')),
      ink: view.getComputedStyle(page.body).color,
    };
  });
  document.getElementById('found').textContent = JSON.stringify(found);
});
</script></body>
"""


def find_browser() -> str | None:
    """Return the command of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def lay_out(page: Path, widths: tuple[int, ...], folder: Path, dark: bool = False) -> list[dict]:
    """Return what a page looks like in windows of some widths in CSS pixels."""
    frames = "".join(
        f"<iframe src='{page.resolve().as_uri()}' style='width:{width}px;height:800px;border:0'>"
        "</iframe>" for width in widths
    )  # fmt: skip
    harness = folder / "frames.html"
    harness.write_text(f"<!doctype html>{SCRIPT % frames}", encoding="utf-8")
    command = [
        str(find_browser()), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--disable-dev-shm-usage", "--allow-file-access-from-files",
        f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        "--virtual-time-budget=5000", "--dump-dom", harness.as_uri(),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    text = run.stdout.partition('<pre id="found">')[2].partition("</pre>")[0]
    return list(json.loads(unescape(text)))

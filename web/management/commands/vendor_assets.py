"""`manage.py vendor_assets`: renew static/vendor and static/icons.svg from npm, at the versions named here."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from web.icons import ICONS

PACKAGES = {
    "htmx.org": "4.0.1",
    "@fontsource-variable/inter": "5.3.0",
    "@fontsource-variable/geist-mono": "5.3.0",
    "lucide-static": "1.62.0",
    "uplot": "1.6.32",
}
COPIES = {
    "htmx.org/LICENSE": "htmx/LICENSE",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "fonts/inter-latin.woff2",
    "@fontsource-variable/inter/LICENSE": "fonts/inter.LICENSE",
    "@fontsource-variable/geist-mono/files/geist-mono-latin-wght-normal.woff2": "fonts/geist-mono-latin.woff2",
    "@fontsource-variable/geist-mono/LICENSE": "fonts/geist-mono.LICENSE",
    "lucide-static/LICENSE": "lucide/LICENSE",
    "uplot/dist/uPlot.min.css": "uplot/uplot.css",
    "uplot/LICENSE": "uplot/LICENSE",
}
# In one file, because htmx starts before an extension from a second deferred script has registered,
# and would then run without its nonce guard.
BUNDLE = ("htmx.org/dist/htmx.min.js", "htmx.org/dist/ext/hx-csp.min.js")


class Command(BaseCommand):
    help = "Renew static/vendor and static/icons.svg from npm."

    def handle(self, *args: Any, **options: Any) -> None:
        static = Path(settings.BASE_DIR) / "static"
        with tempfile.TemporaryDirectory() as folder:
            wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
            subprocess.run(
                ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder, *wanted],
                check=True,
            )
            modules = Path(folder) / "node_modules"
            for source, target in COPIES.items():
                (static / "vendor" / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(modules / source, static / "vendor" / target)
            bundle = "\n".join(without_source_map((modules / part).read_text()) for part in BUNDLE)
            (static / "vendor" / "htmx" / "htmx.js").write_text(bundle)
            # Its only ES module is not minified, three times the size of the script.
            script = without_source_map((modules / "uplot/dist/uPlot.iife.min.js").read_text())
            (static / "vendor" / "uplot" / "uplot.js").write_text(f"{script}export default uPlot;\n")
            (static / "icons.svg").write_text(sprite(modules / "lucide-static" / "icons"))
        self.stdout.write(f"{len(ICONS)} icons, {len(COPIES)} files, htmx {PACKAGES['htmx.org']}")


def without_source_map(script: str) -> str:
    """The script without its pointer to a map that we do not ship (the manifest storage would look for it)."""
    return re.sub(r"(?m)^//# sourceMappingURL=.*$", "", script).strip() + "\n"


def sprite(folder: Path) -> str:
    """One SVG with a <symbol> for each icon of ICONS, read from `folder`/<name>.svg."""
    symbols = []
    for name in sorted(ICONS):
        source = (folder / f"{name}.svg").read_text()
        body = re.search(r"<svg[^>]*>(.*)</svg>", source, re.DOTALL)
        if body is None:
            raise ValueError(f"{name}.svg is not an SVG file")
        shapes = re.sub(r">\s+<", "><", body[1].strip())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"

#!/usr/bin/env python3
"""Builds style sheets of well-known packages: none may meet a limit, and each makes what it is for."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Package, what is imported of it, and a text that its style sheet has.
PACKAGES = [
    ("bootstrap@5.3.3", "scss/bootstrap", ".navbar-expand-lg"),
    ("@fortawesome/fontawesome-free@6.5.2", "scss/fontawesome", ".fa-ticket-simple"),
    ("@mdi/font@7.4.47", "scss/materialdesignicons", ".mdi-zodiac-virgo"),
    ("bulma@1.0.2", "bulma", ".has-text-primary-invert"),
    ("foundation-sites@6.8.1", "assets/foundation", ".grid-x"),
    ("@picocss/pico@2.0.6", "scss/pico", "--pico-font-size"),
    ("materialize-css@1.0.0", "sass/materialize", ".btn-floating"),
    ("govuk-frontend@5.4.0", "dist/govuk/all", ".govuk-button"),
    ("@coreui/coreui@5.1.0", "scss/coreui", ".sidebar"),
    ("spectre.css@0.5.9", "src/spectre", ".columns"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quillfront", required=True)
    binary = Path(parser.parse_args().quillfront).resolve()
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        for part in ["content", "templates", "sass"]:
            (site / part).mkdir(parents=True)
        config = 'base_url = "https://example.org"\ncompile_sass = true\n'
        (site / "config.toml").write_text(config)
        (site / "templates/index.html").write_text("home")
        names = [package for package, _, _ in PACKAGES]
        options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(["npm", "install", "--prefix", folder, *options, *names], check=True)
        for number, (package, entry, _) in enumerate(PACKAGES):
            name = package.rpartition("@")[0]
            copied = ["*.scss", "*.sass", "*.css"]
            for pattern in copied:
                for file in Path(folder, "node_modules", name).rglob(pattern):
                    inner = file.relative_to(Path(folder, "node_modules", name))
                    target = site / f"sass/_p{number}" / inner
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)
            text = f'@import "_p{number}/{entry}";\n'
            (site / f"sass/p{number}.scss").write_text(text)
        output = Path(folder, "public")
        built = subprocess.run(
            [binary, "--root", site, "build", "--output-dir", output],
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode != 0:
            sys.exit(f"the build failed:\n{built.stdout}{built.stderr}")
        for number, (package, _, wanted) in enumerate(PACKAGES):
            made = (output / f"p{number}.css").read_text()
            if wanted not in made:
                sys.exit(f"{package}: its style sheet has no {wanted}")
            print(f"{package}: {len(made)} bytes")


main()

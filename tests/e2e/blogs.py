"""Sites to test with, and posts to add to them."""
import subprocess
import sys
from pathlib import Path

MAKE_SITE = Path(__file__).resolve().parents[2] / "bench" / "make_site.py"


def make_blog(folder, posts=20):
    """Writes the generated blog into a folder."""
    subprocess.run([sys.executable, str(MAKE_SITE), str(folder), "--posts", str(posts)], check=True, timeout=120)
    return Path(folder)


def post(title, body="Some words.", date="2026-10-01", tags=("rust",)):
    """A Markdown file with front matter."""
    quoted = ", ".join(f'"{tag}"' for tag in tags)
    return f'+++\ntitle = "{title}"\ndate = {date}\n[taxonomies]\ntags = [{quoted}]\n+++\n\n{body}\n'


def write(folder, key, text):
    """Writes a file below a folder."""
    path = Path(folder, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def a_post_of(folder, newest=False):
    """(source key, URL path) of one of the generated posts."""
    found = sorted(Path(folder, "content").rglob("post-*.md"))
    path = found[-1] if newest else found[0]
    key = path.relative_to(folder).as_posix()
    return key, "/" + key.removeprefix("content/").removesuffix(".md") + "/"

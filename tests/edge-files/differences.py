"""The differences from the packages of Netlify and Cloudflare, and which of them a line or a pattern shows."""
import collections
import re
from urllib.parse import quote

# What JavaScript takes for space.
SPACE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
JAVASCRIPT_NAMES = ["constructor", "toString", "valueOf", "hasOwnProperty", "isPrototypeOf", "toLocaleString", "propertyIsEnumerable"]
NAME = re.compile(r":([A-Za-z]\w*)", re.ASCII)

# What differs from the packages, in a sentence each, with a file that shows it.
Difference = collections.namedtuple("Difference", "sentence kind dialect text paths is_of_node", defaults=[(), False])
DIFFERENCES = {
    "control characters": Difference(
        "A line with a control character is refused, since neither an address nor a header can have one.",
        "redirects", "netlify", "/a\x01 /b\n",
    ),
    "no path": Difference(
        "A redirect that begins neither with `/` nor with `http://` or `https://` is refused in Netlify's dialect; "
        "Netlify keeps it, and it matches nothing.",
        "redirects", "netlify", "a /b\n",
    ),
    "hosts": Difference(
        "The host of a redirect in Netlify's dialect is written in plain ASCII, without a user name; Netlify "
        "rewrites other hosts.",
        "redirects", "netlify", "https://bücher.example/ /b\n",
    ),
    "statuses": Difference(
        "A status is between 100 and 599; Netlify takes any number.",
        "redirects", "netlify", "/a /b 999\n",
    ),
    "no target": Difference(
        "In Netlify's dialect a redirect with the status 404 or 410 needs no target; Netlify refuses it.",
        "redirects", "netlify", "/a 410\n",
    ),
    "same rule twice": Difference(
        "Of two redirects that are the same in every word the first counts; Netlify deletes it and keeps the "
        "second.",
        "redirects", "netlify", "/a /b\n/a /c\n/a /b\n",
    ),
    "bounds": Difference(
        "A line of Netlify's dialect has at most 16 KiB, a redirect 100 words, and a path with wildcards 2 KiB and 64 of them.",
        "redirects", "netlify", "/a /b 301" + " x=y" * 100 + "\n",
    ),
    "never matches": Difference(
        "A redirect with two `*`, or a path with one placeholder twice, is refused in Cloudflare's dialect; "
        "Cloudflare accepts the line and never matches it.",
        "redirects", "cloudflare", "/a/*/b/* /c\n",
    ),
    "names of headers": Difference(
        "A header name that HTTP does not allow is refused; the packages keep it, and the server fails later.",
        "headers", "netlify", "/a\nX Y: 1\n",
    ),
    "URLs for headers": Difference(
        "A line of `_headers` that begins with `https://` is refused in Netlify's dialect; Netlify takes it for a "
        "header named `https`.",
        "headers", "netlify", "/a\nX: 1\nhttps://example.com/b\n",
    ),
    "characters beside a wildcard": Difference(
        "In Netlify's dialect the characters beside a `*` in one part of a path stand for themselves; Netlify reads them as a "
        "regular expression, in which `.` is any character.",
        "headers", "netlify", "/a(*\nX: 1\n", ["/a(b"],
    ),
    "names of JavaScript": Difference(
        "A header may be named `constructor`; the packages put the text of a JavaScript function in front of its value.",
        "headers", "netlify", "/a\nconstructor: 1\n",
    ),
    "encoded paths": Difference(
        "Paths are compared decoded, so that `/%c3%a9`, `/%C3%A9` and `/é` are the same; Cloudflare compares the "
        "text.",
        "headers", "cloudflare", "/%c3%a9\nX: 1\n", ["/é"],
    ),
    "names that begin alike": Difference(
        "`:id` and `:id_2` are two names; in Cloudflare's published packages the first eats a part of the second, "
        "and a value that holds `:name` or `$&` is filled again.",
        "headers", "cloudflare", "/:id/*\nX: :id_2 :splat\n", ["/a/b"],
    ),
    "caret": Difference(
        "A `^` in a path becomes `%5E`, as the URL standard says; older versions of Node keep it.",
        "redirects", "cloudflare", "/a^b /c\n", is_of_node=True,
    ),
    "dots above the root": Difference(
        "The path `/..` is `/`, as the URL standard says; older versions of Node make nothing of it.",
        "redirects", "cloudflare", "/.. /b\n", is_of_node=True,
    ),
    "capital letters in hosts": Difference(
        "A host in Cloudflare's dialect is compared in lower case, as browsers send it; there, a rule with a "
        "capital letter in the host never matches.",
        "headers", "cloudflare", "https://Example.com/a\nX: 1\n",
    ),
}


def name_of_line(request, lines, line, we_refuse):
    """The name of the difference that a line shows, or None."""
    text = lines[line - 1].strip(SPACE)
    naming = {
        ("redirects", "netlify"): name_of_netlify_redirect, ("redirects", "cloudflare"): name_of_cloudflare_redirect,
        ("headers", "netlify"): name_of_netlify_header, ("headers", "cloudflare"): name_of_cloudflare_header,
    }
    if we_refuse and CONTROL.search(text):
        return "control characters"
    return naming[request["kind"], request["dialect"]](text, we_refuse)


def name_of_netlify_redirect(text, we_refuse):
    words = words_of(text)
    is_url = re.match(r"https?://", words[0])
    if is_url:
        return "hosts"
    status = status_of(words)
    if not we_refuse:
        return "no target" if status in (404, 410) and leading_integer(words[1]) == status else None
    if not words[0].startswith("/"):
        return "no path"
    if len(words) > 100 or len(text.encode()) > 16 * 1024:
        return "bounds"
    return None if status is None or 100 <= status <= 599 else "statuses"


def status_of(words):
    """The status of a rule of Netlify's dialect, behind the target or in its place."""
    if len(words) > 1 and leading_integer(words[1]) is not None:
        return leading_integer(words[1])
    is_target = re.compile(r"/|https?://")
    behind = [words[at + 1] for at in range(1, len(words) - 1) if is_target.match(words[at])]
    return leading_integer(behind[0]) if behind else None


def leading_integer(word):
    """What JavaScript's `parseInt` makes of a word."""
    found = re.match(r"([+-]?)(?:0[xX]([0-9a-fA-F]*)|([0-9]+))", word)
    if not found or found[2] == "":
        return None
    number = int(found[2], 16) if found[2] else int(found[3])
    return -number if found[1] == "-" else number


def name_of_cloudflare_redirect(text, we_refuse):
    names = variables(words_of(text)[0])
    return "never matches" if we_refuse and len(set(names)) < len(names) else None


def name_of_netlify_header(text, we_refuse):
    if not we_refuse:
        return "characters beside a wildcard" if is_special_beside_wildcard(text) else None
    if text.startswith("/"):
        is_large = len(text.encode()) > 2 * 1024 or len(variables(text)) > 64
        return "bounds" if is_large else None
    if re.match(r"https?\s*://", text.replace(" ", "")):
        return "URLs for headers"
    return name_of_header(text)


def name_of_cloudflare_header(text, we_refuse):
    if not we_refuse:
        return None
    if re.match(f"/|[^{SPACE}]+://", text):
        names = variables(text)
        return "never matches" if len(set(names)) < len(names) else None
    return name_of_header(text.removeprefix("! "))


def name_of_header(text):
    name = text.split(":")[0].strip(SPACE)
    return None if re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) else "names of headers"


def names_of_odd_lines(request, lines):
    """Lines that the packages read as no one would want, though as a rule: they are taken out before rules are compared."""
    names = {}
    for number, line in enumerate(lines, 1):
        if request["kind"] == "headers" and line.split(":")[0].strip(SPACE) in JAVASCRIPT_NAMES:
            names[number] = "names of JavaScript"
        if request["dialect"] == "cloudflare" and any(map(is_above_root, words_of(line))):
            names[number] = "dots above the root"
    return names


def is_above_root(address):
    """Whether the dots at the end of an address lead above its root."""
    path = re.match(r"(?:https:/+[^/]+)?/*([^?#]*)", address)[1]
    depth = 0
    *parts, last = [part.lower().replace("%2e", ".") for part in path.split("/")]
    for part in parts:
        depth = max(0, depth - 1) if part == ".." else depth + (part != ".")
    return depth == 0 and last in (".", "..")


def words_of(text):
    return re.split(f"[{SPACE}]+", text)


def variables(pattern):
    return NAME.findall(pattern) + ["splat"] * pattern.count("*")


def begins_alike(pattern):
    """Whether one of the names begins another."""
    names = variables(pattern)
    return any(one != other and other.startswith(one) for one in names for other in names)


def is_encoded(pattern, path):
    """Whether it matters that the package compares encoded paths: also where a variable takes a part of a character."""
    meets = re.search(r"(\*|:[A-Za-z]\w*):[A-Za-z]", pattern, re.ASCII)
    return "%" in pattern or "%" in path or bool(meets and quote(path, safe="!$&'()*+,/:;=@|[]") != path)


def is_special_beside_wildcard(pattern):
    parts = [part for part in pattern.split("/") if "*" in part and part.strip(SPACE) != "*" and not part.startswith(":")]
    return any(re.search(r"[.()\[\]{}?+|^$\\]", part) or "**" in part for part in parts)

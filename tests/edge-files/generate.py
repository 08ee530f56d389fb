"""Random `_redirects` and `_headers` files that are nasty, with enough that is right in them.

Each function takes a `random.Random` and returns text. What lines are made of is in short lists at the top: they
repeat, so that duplicates, prefixes and matches happen.
"""

SPACES = [" ", " ", " ", "  ", "\t", " \t ", "\u00a0", "\u3000", "\v", "\u2028"]
ENDS = ["\n"] * 12 + ["\r\n", "\r\n", " \n", "\n\n", "\n \t\n", "\r\r\n", "\ufeff\n"]
SEGMENTS = [
    "a", "b", "blog", "old", "A", "Blog", "index", "index.html", "a.html", "x-y", "é", "É", "日本", "a%20b", "%c3%a9",
    "%2e%2e", "..", ".", "a+b", "a$&b", "$1", "a'b", "a~b", "a|b", "[x]", "a=b", "a,b", "@x", "1", "", "a\\b", "a^b",
    "a\"b", "<b>", "{id}", "`", "a;b", "%zz", "%", "ſ", "ß", "İ", "𝒳",
]
NAMES = [":id", ":id_2", ":x", ":name", ":splat", ":a1", ":Year", ":1", ":", ":x.html", ":x-:y", ":x-:y", "p:x-:y.:id", "p:x", ":_x", ":é"]
HOSTS = [
    "example.com", "Example.COM", "www.example.com:8080", "example.com:443", "example.com:80", "a_b.example", "bücher.example",
    "user@example.com", "127.0.0.1", "127.1", "example.com.", "", "*", ":project.pages.dev", "*.pages.dev", "xn--bcher-kva.example",
    "[::1]", "ex%61mple.com", "1.2.3.256", "example.com:", "example.com:99999", "exa<mple",
]
SCHEMES = ["https://", "https://", "https://", "http://", "HTTPS://", "https:/", "https:///", "//", "ftp://", "://"]
STATUSES = [
    "200", "301", "301", "302", "303", "307", "308", "404", "410", "301!", "302!", "200!", "404!", "100", "201", "204", "304", "418",
    "500", "599", "600", "999", "99", "0", "-1", "3e2", "301.0", "301.5", "+301", "0x12D", "0X12d", "0b1", "0o455", "301x", "!301",
    "301!!", "301!x", "-301", "!", "1e400", "Infinity", "NaN", ".", "3.01e2", "0301", "1_0", "٣٠١", "301=1",
]
CONDITIONS = [
    "Country=us", "Country=us,CA", "country=de", "Language=en,fr", "language=en", "Role=admin", "role=a", "Cookie=a,b",
    "Sign=KEY", "signed=KEY2", "Sign=", "Country", "=x", "Country=a=b", "X=", "#comment", "# comment",
]
QUERY = ["id=:id", "id=1", "q=:q", "q=", "=q", "word", "a=b=c", "?x=1", "x", "constructor=1"]
COMMENTS = ["# a comment", "#", "#/a /b", "  # x", "\t#\ty", "#é", "# x\u2028y", "#\u2028# z"]
HEADERS = [
    "X-Frame-Options: DENY", "X-A: 1", "X-A: 2", "x-a: 3", "X-A:4", "X-B : b", "Cache-Control: public, max-age=0",
    "Cache-Control: a ,b,\t c", "Link: </style.css>; rel=preload, </a.js>; rel=preload", "X-Path: /:splat/x",
    "X-Id: :id and :id_2 and :x.", "X-Xy: :x|:y|:splat", "X-Xy: :x|:y|:splat", "X-C: a,", "X-C: ,a", "X-C: ,", "Content-Security-Policy: default-src 'self'; img-src https://a https://b",
    "X-Colon: a:b::c", "X Y: 1", "X-É: 1", "X-V: é", ": v", "X-Empty:", "X-Empty: ", "no colon", "! X-A", "! X-Frame-Options", "!X-A",
    "!  X-B", "! X-A: 1", "! a b", "!", "! ", "X(y): 1", "X-T:\ta\tb", "Link:<https://example.com/>", "X-Q: \"a, b\"",
    "https: //x", "X-D: $1 $& :splat", "X\tY: 1",
]
AMBIGUOUS = ["/:x-:y", "/:x:y", "/a:x-:y-:id", "/*-:x", "/:x-*", "/:x/:y-b"]
RARE_HEADERS = ["X-Ctl: a\x01b", "X\x00: 1", "X-Del: a\x7fb"]


def redirects(random, dialect):
    return lines(random, lambda: redirect(random, dialect))


def headers(random, dialect):
    return lines(random, lambda: block(random, dialect))


def lines(random, line):
    count = random.choice([0, 1, 1, 2, 3, 5, 8, 12, 20])
    text = "\ufeff" if random.random() < 0.05 else ""
    made = []
    for _ in range(count):
        # What stands above may stand here again, as it is or with another end.
        made.append(random.choice(made) if made and random.random() < 0.1 else line())
        if made[:-1] and random.random() < 0.1:
            made[-1] = random.choice(made).split(" ")[0] + " " + made[-1].split(" ")[-1]
        text += made[-1] + random.choice(ENDS)
        if random.random() < 0.12:
            text += random.choice(COMMENTS) + random.choice(ENDS)
    return text if random.random() < 0.8 else text.rstrip("\n")


def path(random, rate=0.3):
    """Mostly a path; `rate` is how often a part of it is a variable."""
    if random.random() < 0.04:
        return random.choice(["", "*", "/", "//", "/*", "/*/", "/.netlify/x", "/.netlifyx", "a", "/**", "/*a*b"])
    parts = []
    for _ in range(random.choice([1, 1, 2, 2, 3, 4])):
        roll = random.random()
        if roll < rate * 0.7:
            parts.append(random.choice(NAMES[:7] if random.random() < 0.7 else NAMES))
        elif roll < rate:
            parts.append(random.choice(["*", "*", "*", "a*", "*.html", "a*b", "*a", "**"]))
        else:
            parts.append(random.choice(SEGMENTS[:12] if random.random() < 0.7 else SEGMENTS))
    made = "/" + "/".join(parts)
    made += random.choice(["", "", "", "", "/", "/*"])
    if random.random() < 0.06:
        made += random.choice(["?a=b", "#x", "?", "#", "?é", "?a#b", "##x", "?a'b<c>", "#`a"])
    return made


def url(random):
    return random.choice(SCHEMES) + random.choice(HOSTS) + (path(random, 0.2) if random.random() < 0.8 else "")


def target(random):
    roll = random.random()
    if roll < 0.75:
        made = path(random)
    elif roll < 0.97:
        made = url(random)
    else:
        made = random.choice(["b", "*", "#x", "/#x", ":id", "mailto:x", "/index.html", "/index", "/index.html#x", "/a/indexXhtml"])
    return made.replace("*", ":splat") if random.random() < 0.8 else made


def redirect(random, dialect):
    words = [path(random) if random.random() < 0.88 else url(random)]
    is_netlify = dialect == "netlify"
    if is_netlify and random.random() < 0.06:
        return f"{words[0]}/* {random.choice(['200', '200!', '201', '204', '299', '300', '404', '410!', '304'])}"
    if random.random() < (0.2 if is_netlify else 0.03):
        words += random.choices(QUERY, k=random.choice([1, 1, 2, 3]))
    if random.random() < 0.9:
        words.append(target(random))
    if random.random() < 0.7:
        words.append(random.choice(STATUSES[:14] if random.random() < 0.7 else STATUSES))
    if random.random() < (0.25 if is_netlify else 0.04):
        words += random.choices(CONDITIONS, k=random.choice([1, 1, 2, 3]))
    if random.random() < 0.08:
        words.append(random.choice(COMMENTS).strip())
    if random.random() < 0.02:
        random.shuffle(words)
    if random.random() < 0.01:
        words.insert(random.randrange(len(words) + 1), "/" + "x" * random.choice([1_900, 1_995, 2_000, 3_000]))
    made = "".join(word + random.choice(SPACES) for word in words if word)
    if random.random() < 0.02:
        at = random.randrange(len(made) + 1)
        made = made[:at] + random.choice(["\x00", "\x01", "\x1b", "\x7f", "\x85", "\r", "\x1f"]) + made[at:]
    return made if random.random() < 0.3 else made.rstrip()


def block(random, dialect):
    if random.random() < 0.08:
        # The variables can share the path in several ways.
        return f"{random.choice(AMBIGUOUS)}{random.choice(['', '/b', '/*'])}\nX-Xy: :x|:y|:id|:splat"
    roll = random.random()
    if roll < 0.8:
        made = path(random, 0.35)
    elif roll < 0.9:
        made = url(random)
    else:
        made = random.choice(["/*", "/:id/*", "/a b/*", "/a\tb/*", "/a\rb/*", "/a\x01/*", "/a # b", "/:id/\u00a0:x/*", "/é/*", "https://:project.pages.dev/*", "/*/:splat", "/:x/:x"])
    if random.random() < 0.02:
        made += "x" * random.choice([1_900, 2_001])
    parts = [random.choice(["", "", "  ", "\t"]) + made]
    for _ in range(random.choice([0, 1, 1, 1, 2, 2, 3, 5])):
        header = random.choice(RARE_HEADERS if random.random() < 0.02 else HEADERS)
        parts.append(random.choice(["  ", "\t", "", " \u00a0"]) + header)
        if random.random() < 0.01:
            parts[-1] += "y" * random.choice([1_900, 2_001])
    return "".join(part + random.choice(ENDS) for part in parts[:-1]) + parts[-1]


def limits(random, kind, dialect):
    """A file that meets the limits of Cloudflare's dialect."""
    if kind == "headers":
        count = random.choice([99, 100, 101, 102, 103])
        blocks = (f"/{number}\n{'X: 1' if random.random() < 0.995 else 'X'}\n" for number in range(count))
        return "".join(blocks)
    statics = random.choice([0, 10, 1_999, 2_000, 2_001, 2_005])
    dynamics = random.choice([0, 90, 99, 100, 101, 130])
    made = [f"/{number} {'/x' if random.random() < 0.99 else 'x'}" for number in range(statics)]
    made += [f"/{number}{random.choice(['/*', '/:x', ''])} /y" for number in range(dynamics)]
    if random.random() < 0.3:
        random.shuffle(made)
    return "\n".join(made)


def paths(random, text):
    """Decoded paths, most of which are near to what the file names."""
    named = [word for word in text.replace("\n", " ").split() if word.startswith("/")] or ["/"]
    made = {"/", "/a", "/a/b/", "/blog/a.html", "/A/B"}
    for _ in range(8):
        word = random.choice(named).split("?")[0].split("#")[0][:200]
        parts = word.split("/")
        for index, part in enumerate(parts):
            if ":" in part:
                parts[index] = part.split(":")[0] + random.choice(["a", "é", "a b", "a.b", "", "x:id", "$&", "a%b", "a-b-c", "-é--b"])
            parts[index] = parts[index].replace("*", random.choice(["", "a", "a/b", "/b", "é/", ":x", "//evil.example", "x$1"]))
        word = "/".join(parts)
        word += random.choice(["", "", "", "/", "x", "/index.html"])
        word = random.choice([word, word, word, word.upper(), word.lower(), word.rstrip("/")])
        made.add(word or "/")
    # What a URL cannot have in its path, or what it changes there, is not how a site shows a path.
    return sorted(path for path in made if is_shown(path))


def is_shown(path):
    is_dots = any(part in (".", "..") for part in path.split("/"))
    return not is_dots and "\\" not in path and "^" not in path and path.isprintable()

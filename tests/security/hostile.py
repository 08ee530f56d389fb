"""A site whose titles, tags, data, Markdown and search index are in the hands of an attacker.

Its templates print all of it with `| safe`, and its own script makes HTML of the search index and of the
address. Each vector calls `__x` with a number of its own, which says how it came in.
"""
import json


from vectors import ELSEWHERE_SCRIPT, KINDS, written

CHANNELS = {"data": 1000, "title": 2000, "markdown": 3000, "tag": 4000, "sink": 5000, "hash": 6000}
# The number of the picture that is opened by itself.
FILE = 7000
# Not every vector comes in as a tag and through the address: these need no more than some.
EVERY = {"tag": 9, "hash": 9}
SECURITY = '[security]\npreset = "relaxed"\ntrusted_types = true\n'

CONFIG = """base_url = "https://hostile.example"
title = "Hostile"
build_search_index = true
taxonomies = [{ name = "tags" }]

[search]
index_format = "fuse_json"
include_description = true

[slugify]
taxonomies = "on"
"""

# The theme's script does not make HTML of what it finds; this one is the kind that does.
OWN_SCRIPT = """\
"use strict";
const { index, sinks, run } = document.currentScript.dataset;
const into = document.createElement("div");
document.body.append(into);

function attempt(what) {
  try { what(); } catch (error) { if (!(error instanceof TypeError || error instanceof EvalError)) throw error; }
}

function show(html) {
  const item = document.createElement("p");
  into.append(item);
  attempt(() => { item.innerHTML = html; });
}

async function search() {
  const pages = await (await fetch(index)).json();
  for (const page of pages) show(page.title);
  document.documentElement.dataset.searched = pages.length;
}

/** What else makes code of text. The calls are numbered from `first`. */
function allSinks(first) {
  let number = Number(first);
  const call = () => `__x(${number++})`;
  const image = () => `<img src=x: onerror=${call()}>`;
  const element = (name) => into.appendChild(document.createElement(name));
  for (const one of [
    () => eval(call()),
    () => (0, eval)(call()),
    () => new Function(call())(),
    () => setTimeout(call(), 0),
    () => setInterval(call(), 1e6),
    () => { element("p").outerHTML = image(); },
    () => element("p").insertAdjacentHTML("beforeend", image()),
    () => into.append(document.createRange().createContextualFragment(image())),
    () => into.append(document.adoptNode(new DOMParser().parseFromString(image(), "text/html").body.firstChild)),
    () => { element("iframe").srcdoc = `<script>parent.${call()}</script>`; },
    () => { element("script").text = call(); },
    () => { element("script").textContent = call(); },
    () => element("script").append(call()),
    () => { element("script").src = `data:text/javascript,${call()}`; },
    () => element("p").setAttribute("onclick", call()),
    () => { element("iframe").src = `javascript:parent.${call()}`; },
    () => { element("a").href = `javascript:${call()}`; },
    () => { location = `javascript:${call()}`; },
    () => element("p").setHTMLUnsafe(image()),
    () => document.execCommand("insertHTML", false, image()),
    () => new Worker(`data:text/javascript,postMessage(1)`).addEventListener("message", () => __x(number++)),
    () => import(`data:text/javascript,${call()}`).catch(() => {}),
  ]) attempt(one);
}

if (index) search();
if (sinks) allSinks(sinks);
if (location.hash) show(decodeURIComponent(location.hash.slice(1)));
document.documentElement.dataset.ready = "yes";
"""

PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">
<script>parent.__x(/\\d+/.exec(decodeURIComponent(location.search))[0])</script></svg>
"""

BASE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<script>document.documentElement.dataset.inline = "yes";</script>
<script src="{{ get_url(path="site.js", cachebust=true) }}" integrity="sha384-{{ get_hash(path="site.js", sha_type=384, base64=true) }}" defer{% block settings %}{% endblock settings %}></script>
{% block head %}{% endblock head %}
</head>
<body>
{% block body %}{% endblock body %}
</body>
</html>
"""
HOME = """\
{% extends "base.html" %}
{% block settings %} data-index="{{ get_url(path="search_index.en.json") }}"{% endblock settings %}
"""
SINKS = """\
{% extends "base.html" %}
{% block settings %} data-sinks="SINKS"{% endblock settings %}
"""
TERMS = """\
{% extends "base.html" %}
{% block body %}{% for term in terms %}<p>{{ term.name | safe }}</p>{% endfor %}{% endblock body %}
"""
TERM = """\
{% extends "base.html" %}
{% block body %}<h1>{{ term.name | safe }}</h1>{% endblock body %}
"""
TITLE = """\
{% extends "base.html" %}
{% block body %}<h1>{{ page.title | safe }}</h1>{% endblock body %}
"""
MARKDOWN = """\
{% extends "base.html" %}
{% block body %}{{ page.content | safe }}{% endblock body %}
"""
DATA = {
    "markup": "<main>{{ v | safe }}</main>",
    "attribute": '<p title="{{ v | safe }}">x</p>',
    "text": "<svg><title>{{ v | safe }}</title></svg><textarea>{{ v | safe }}</textarea>"
            "<!-- {{ v | safe }} --><style>{{ v | safe }}</style><noscript>{{ v | safe }}</noscript>",
    "script": """<script>const text = "{{ v | safe }}";</script><script>const template = `{{ v | safe }}`;</script>
<script>const list = [{{ v | safe }}];</script><script>/* {{ v | safe }} */ const comment = 1;</script>
<script>// {{ v | safe }}
const line = 1;</script><script type="application/json">{"text": "{{ v | safe }}"}</script>""",
    "address": """
<a href="{{ v | safe }}">x</a><map name="m"><area shape="default" href="{{ v | safe }}"></map>
<form action="{{ v | safe }}"><button>x</button></form>
<form><button formaction="{{ v | safe }}">x</button><input type="submit" formaction="{{ v | safe }}"></form>
<img src="{{ v | safe }}"><img src="x:" srcset="{{ v | safe }}"><video src="{{ v | safe }}"></video>
<iframe src="{{ v | safe }}"></iframe><object data="{{ v | safe }}"></object><embed src="{{ v | safe }}">
<svg><a href="{{ v | safe }}"><text y="20">x</text></a><a xlink:href="{{ v | safe }}"><text y="20">x</text></a>
<image href="{{ v | safe }}"/><use href="{{ v | safe }}#x"/></svg>
<link rel="stylesheet" href="{{ v | safe }}">""",
}




def write(root, all_channels, elsewhere):
    """Writes the site; each vector comes in by one channel, or by every one that takes it. Returns those that
    come in by the address of the home page."""
    (root / "content" / "v").mkdir(parents=True)
    (root / "config.toml").write_text(CONFIG)
    place(root, "static/site.js", OWN_SCRIPT)
    place(root, "static/uploads/own.js", ELSEWHERE_SCRIPT)
    place(root, "static/uploads/own.svg", PICTURE)
    templates = {
        "base": BASE, "index": HOME, "section": HOME, "page": TITLE, "title": TITLE, "markdown": MARKDOWN,
        "sinks": SINKS.replace("SINKS", str(CHANNELS["sink"])), "taxonomy_list": TERMS, "taxonomy_single": TERM,
    }
    for kind, printed in DATA.items():
        body = '{% set v = load_data(path="data/vectors.json")[page.extra.vector] %}' + printed
        templates[f"data-{kind}"] = f'{{% extends "base.html" %}}\n{{% block body %}}{body}{{% endblock body %}}\n'
    for name, text in templates.items():
        place(root, f"templates/{name}.html", text)
    for section in ("content/_index.md", "content/v/_index.md"):
        place(root, section, "+++\n+++\n")
    write_page(root, "sinks", "sinks.html", "Sinks")

    data, tags, fragments = {}, [], []
    for number, (kind, vector, channel) in enumerate(uses(all_channels)):
        run = f"__x({CHANNELS[channel] + number})"
        text = written(vector, run, elsewhere)
        name = f"{channel}-{number}"
        if channel == "data":
            data[name] = text
            write_page(root, name, f"data-{kind}.html", name, extra=name)
        elif channel == "title":
            write_page(root, name, "title.html", text)
        elif channel == "markdown":
            write_page(root, name, "markdown.html", name, body=f"[x](<{text}>)" if kind == "address" else text)
        elif channel == "tag":
            tags.append(text)
        else:
            fragments.append(text)
    place(root, "data/vectors.json", json.dumps(data))
    write_page(root, "tagged", "title.html", "Tagged", tags=tags)
    return fragments


def uses(all_channels):
    """Kind, vector and channel of everything to try."""
    for kind, vectors in KINDS.items():
        for number, vector in enumerate(vectors):
            channels = list(channels_of(kind, written(vector, "__x(1)"), number))
            rotated = channels if all_channels else [channels[number % len(channels)]]
            for channel in rotated:
                yield kind, vector, channel


def channels_of(kind, text, number):
    yield "data"
    if kind == "markup":
        yield "title"
    # A script in Markdown is the author's own.
    if kind in ("address", "markup") and "<script" not in text.lower() and "\n\n" not in text:
        yield "markdown"
    if kind == "markup":
        for channel, every in EVERY.items():
            if number % every == 0:
                yield channel


def write_page(root, name, template, title, body="", extra="", tags=()):
    matter = [f"title = {quoted(title)}", f"template = {quoted(template)}"]
    if tags:
        matter.append("[taxonomies]\ntags = [" + ", ".join(map(quoted, tags)) + "]")
    if extra:
        matter.append(f"[extra]\nvector = {quoted(extra)}")
    place(root, f"content/v/{name}.md", "+++\n" + "\n".join(matter) + f"\n+++\n\n{body}\n")


def quoted(text):
    """A string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def place(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

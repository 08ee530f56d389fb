// Holds functions against the reference. Called with a task as JSON: {count, seed, cases: [{name, pictures, file,
// command}], quiet}; prints a list of what is wrong. `file` has the function of the default behaviour and
// `pictures` that of pictures, each null where there is none; `command` answers an event on each line.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { context } from "./runtime.mjs";
import { vectors } from "./vectors.mjs";

const MAX_TOLD = 5;

const { count, seed, cases, quiet } = JSON.parse(process.argv[2]);
const events = vectors(count, seed);
const references = new Map();
const wrong = cases.flatMap(({ name, file, pictures, command }) => {
    const answers = reference(command);
    const functions = { default: loaded(file), pictures: loaded(pictures) };
    const kinds = new Map();
    const differing = [];
    events.forEach((event, at) => {
        const behaviour = event.request.uri.startsWith("/img/") ? "pictures" : "default";
        const returned = functions[behaviour](event);
        if (canonical(returned) !== canonical(answers[at])) {
            differing.push(`${name}: ${JSON.stringify(event.request)}: ${canonical(returned)}, not ${canonical(answers[at])}`);
        }
        const kind = `${behaviour} ${returned.statusCode ?? (returned.uri === event.request.uri ? "passed" : "routed")}`;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    });
    const tally = `     ${name}: ${[...kinds].sort().map(([kind, count]) => `${count} ${kind}`).join(", ")}`;
    if (!quiet) {
        console.error(tally);
    }
    const told = differing.length > MAX_TOLD ? [`${name}: ${differing.length} of ${count} differ`] : [];
    return [...differing.slice(0, MAX_TOLD), ...told];
});
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
        return ({ request: { rawQueryString, ...request } }) => request;
    }
    const run = context();
    run(`${readFileSync(file, "utf8")}
        globalThis.called = (text) => {
            const event = JSON.parse(text);
            const raw = event.request.rawQueryString;
            delete event.request.rawQueryString;
            Object.defineProperty(event.request, 'rawQueryString', { value: () => raw });
            return JSON.stringify(handler(event));
        };`);
    const called = run("globalThis.called");
    return (event) => JSON.parse(called(JSON.stringify(event)));
}

function canonical(value) {
    if (Array.isArray(value) || value === null || typeof value !== "object") {
        return JSON.stringify(value);
    }
    const fields = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${fields.join(",")}}`;
}

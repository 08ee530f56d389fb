// What AWS's guide lists of the runtime cloudfront-js-2.0 (Amazon CloudFront Developer Guide, "JavaScript
// runtime 2.0 features for CloudFront Functions"), as far as a function may want it. What is not listed is
// taken for missing.
import { createHmac } from "node:crypto";
import vm from "node:vm";

/** The most bytes of a function. */
export const MAX_BYTES = 10_240;

const words = (text) => text.trim().split(/\s+/);

/** Globals: objects, functions, constants, errors. */
export const GLOBALS = words(`
    Object String Number Boolean Math Date Function RegExp JSON Array Promise DataView Symbol ArrayBuffer
    Float32Array Float64Array Int8Array Int16Array Int32Array Uint8Array Uint8ClampedArray Uint16Array Uint32Array
    TextDecoder TextEncoder console globalThis
    decodeURI decodeURIComponent encodeURI encodeURIComponent isFinite isNaN parseFloat parseInt atob btoa
    NaN Infinity undefined
    Error EvalError InternalError RangeError ReferenceError SyntaxError TypeError URIError
`);

/** Methods and properties of built-in objects, by the path to their owner. */
export const MEMBERS = {
    Object: words(`
        create defineProperties defineProperty freeze getOwnPropertyDescriptor getOwnPropertyDescriptors
        getOwnPropertyNames getPrototypeOf isExtensible isFrozen isSealed keys preventExtensions seal assign entries
        values
    `),
    String: ["fromCharCode", "fromCodePoint"],
    "String.prototype": words(`
        charAt concat indexOf lastIndexOf match replace search slice split substr substring toLowerCase trim
        toUpperCase codePointAt endsWith includes repeat startsWith padStart padEnd trimStart trimEnd replaceAll
        toString valueOf
    `),
    Array: ["isArray", "of"],
    "Array.prototype": words(`
        concat every filter forEach indexOf join lastIndexOf map pop push reduce reduceRight reverse shift slice some
        sort splice unshift copyWithin fill find findIndex includes toString
    `),
    "RegExp.prototype": words("exec test toString global ignoreCase multiline source sticky flags"),
    JSON: ["parse", "stringify"],
    Math: ["floor", "max", "min", "round"],
    Date: ["now", "parse", "UTC"],
    "Function.prototype": words("apply bind call toString"),
};

/** Methods of what a function is handed. */
export const HANDED = ["rawQueryString", "kvs", "get", "createHmac", "update", "digest"];

/** The names of the modules by which a function has them. */
export const MODULES = { cloudfront: "cf", crypto: "crypto" };

/** The statements that bring them, at the beginning of a function. */
export const IMPORTS = "import cf from 'cloudfront';\nconst crypto = require('crypto');\n";

// What the language itself needs.
const OF_THE_LANGUAGE = ["prototype", "constructor", "length", "name", "lastIndex"];

/**
 * A context that has no more than the runtime, and text to run in it. `keys` is what the KeyValueStore has under
 * `image-keys`; without it none is associated. `now` is the time, in milliseconds.
 */
export function context({ keys, now } = {}) {
    const bare = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
    const kept = JSON.stringify({ globals: GLOBALS, members: MEMBERS, always: OF_THE_LANGUAGE });
    vm.runInContext(`(${prune})(${kept})`, bare);
    // The modules are ours, and HMAC is that of Node.
    bare.cf = { kvs: () => store(keys) };
    bare.crypto = { createHmac };
    bare.now = () => now ?? Date.now();
    vm.runInContext("{ const now = globalThis.now; delete globalThis.now; Date.now = () => now(); }", bare);
    return (code) => vm.runInContext(`'use strict';\n${code.replace(IMPORTS, "")}`, bare);
}

function store(keys) {
    if (keys === undefined) {
        throw new Error("no KeyValueStore is associated");
    }
    const get = async (name) => {
        if (name !== "image-keys") {
            throw new Error(`there is no ${name}`);
        }
        return keys;
    };
    return { get };
}

// Runs in the context.
function prune({ globals, members, always }) {
    for (const path of Object.keys(members)) {
        const owner = path.split(".").reduce((object, name) => object[name], globalThis);
        for (const name of Object.getOwnPropertyNames(owner)) {
            if (!members[path].includes(name) && !always.includes(name)) {
                delete owner[name];
            }
        }
    }
    const names = Object.getOwnPropertyNames;
    for (const name of names(globalThis)) {
        if (!globals.includes(name)) {
            delete globalThis[name];
        }
    }
}

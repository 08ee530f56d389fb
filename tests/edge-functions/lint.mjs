// Says what of a function the runtime cloudfront-js-2.0 is not known to have: syntax, globals, methods.
// Called with a task as JSON: {tools, files}; prints a list of what is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { GLOBALS, HANDED, MAX_BYTES, MEMBERS } from "./runtime.mjs";

const SYNTAX = new Set(`
    Program FunctionDeclaration FunctionExpression ArrowFunctionExpression BlockStatement ReturnStatement
    VariableDeclaration VariableDeclarator IfStatement ForStatement ForInStatement WhileStatement DoWhileStatement
    BreakStatement ContinueStatement SwitchStatement SwitchCase ThrowStatement TryStatement CatchClause LabeledStatement
    ExpressionStatement EmptyStatement AssignmentExpression BinaryExpression LogicalExpression UnaryExpression
    UpdateExpression ConditionalExpression CallExpression NewExpression MemberExpression Identifier Literal
    TemplateLiteral TemplateElement ArrayExpression ObjectExpression Property RestElement ThisExpression
    SequenceExpression AwaitExpression ImportDeclaration ImportDefaultSpecifier
`.trim().split(/\s+/));
const METHODS = new Set([...Object.values(MEMBERS).flat(), ...HANDED]);

/** What is wrong with the text of a function. */
export function lint(acorn, text) {
    const wrong = [];
    if (Buffer.byteLength(text) > MAX_BYTES) {
        wrong.push(`it has ${Buffer.byteLength(text)} bytes`);
    }
    let program;
    try {
        program = acorn.parse(text, { ecmaVersion: 2021, sourceType: "module", locations: true });
    } catch (error) {
        return [...wrong, `it cannot be parsed: ${error.message}`];
    }
    const declared = new Set();
    const used = [];
    const tell = (node, what) => wrong.push(`line ${node.loc.start.line}: ${what}`);
    visit(program, null, (node, parent, field) => {
        if (!SYNTAX.has(node.type)) {
            tell(node, `${node.type} is not listed`);
        }
        const why = oddness(node, parent);
        if (why) {
            tell(node, why);
        }
        if (node.type === "Identifier") {
            const isName = field === "property" && !parent.computed || field === "key" && !parent.computed;
            const declares = field === "id" || field === "param" || field === "params" || field === "local" || parent.type === "RestElement";
            if (declares) {
                declared.add(node.name);
            } else if (!isName && parent.type !== "LabeledStatement") {
                used.push(node);
            }
        }
    });
    for (const node of used) {
        if (node.name !== "require" && !declared.has(node.name) && !GLOBALS.includes(node.name)) {
            tell(node, `there is no global \`${node.name}\``);
        }
    }
    if (!declared.has("handler")) {
        wrong.push("there is no handler");
    }
    return wrong;
}

function oddness(node, parent) {
    if (node.optional) {
        return "`?.` is not listed";
    }
    // Arrow functions and arguments cannot be async.
    const isHandler = node.type === "FunctionDeclaration" && node.id.name === "handler";
    if (node.async && !isHandler || node.generator) {
        return "the function is async or a generator";
    }
    if (node.type === "AwaitExpression" && !["AssignmentExpression", "VariableDeclarator"].includes(parent.type)) {
        return "a value is awaited inside of an expression";
    }
    if (node.type === "ImportDeclaration" && node.source.value !== "cloudfront") {
        return `there is no module ${node.source.value} to import`;
    }
    switch (node.type) {
        case "LogicalExpression":
            return node.operator === "??" && "`??` is not listed";
        case "AssignmentExpression":
            return (["??=", "||=", "&&="].includes(node.operator) || node.left.type.endsWith("Pattern")) && "this assignment is not listed";
        case "VariableDeclarator":
            return node.id.type !== "Identifier" && "destructuring is not listed";
        case "CatchClause":
            return !node.param && "`catch` without a parameter is not listed";
        case "Property":
            return (node.shorthand || node.computed || node.method || node.kind !== "init") && "this kind of property is not listed";
        case "CallExpression": {
            const { callee } = node;
            if (callee.name === "require") {
                const isCrypto = parent.type === "VariableDeclarator" && node.arguments[0].value === "crypto";
                return !isCrypto && "`require` is for the module crypto";
            }
            const method = callee.type === "MemberExpression" && !callee.computed && callee.property.name;
            return method && !METHODS.has(method) && `the method \`${method}\` is not listed`;
        }
        case "NewExpression":
            return node.callee.name === "Function" && "function constructors are refused";
        case "Identifier":
            return ["eval", "setTimeout", "setImmediate", "clearTimeout"].includes(node.name) && `\`${node.name}\` is refused`;
        case "Literal":
            return node.bigint ? "big integers are not listed" : node.regex && oddPattern(node.regex);
        default:
            return null;
    }
}

// The runtime's regular expressions are Perl's, over code points.
function oddPattern({ pattern, flags }) {
    if (/[^gimy]/.test(flags)) {
        return `the flags \`${flags}\` are not listed`;
    }
    return /\(\?<[=!]|\\[pP]\{|\\u\{|\\u[dD][89a-fA-F]/.test(pattern) && `the pattern \`${pattern}\` is not listed`;
}

function visit(node, parent, see, field = "") {
    see(node, parent ?? {}, field);
    for (const [name, value] of Object.entries(node)) {
        for (const child of Array.isArray(value) ? value : [value]) {
            if (child && typeof child.type === "string" && name !== "loc") {
                visit(child, node, see, name);
            }
        }
    }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
    const { tools, files, odd } = JSON.parse(process.argv[2]);
    const acorn = createRequire(path.join(tools, "node_modules", "x.js"))("acorn");
    const wrong = files.flatMap((file) =>
        lint(acorn, readFileSync(file, "utf8")).map((what) => `${path.basename(file)}: ${what}`));
    // A lint that finds nothing has to be known to find something.
    for (const text of odd) {
        if (lint(acorn, `function handler(event) { ${text} }`).length === 0) {
            wrong.push(`the lint has nothing against: ${text}`);
        }
    }
    console.log(JSON.stringify(wrong));
}

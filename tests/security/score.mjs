// Scores answers: Mozilla's HTTP Observatory, and csp_evaluator over their policies. Takes the task as
// JSON: { tools, answers: [{ name, url, policies }], atLeast: { scripts, none } }. Prints what is wrong
// as a JSON list, and the scores to stderr.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const task = JSON.parse(process.argv[2]);
const require = createRequire(`${task.tools}/`);
const observatory = `${task.tools}/node_modules/@mdn/mdn-http-observatory/src/index.js`;
const { scan } = await import(pathToFileURL(observatory));
const { CspEvaluator } = require("csp_evaluator/dist/evaluator.js");
const { CspParser } = require("csp_evaluator/dist/parser.js");
const { Type, Severity } = require("csp_evaluator/dist/finding.js");

// What the Observatory says of scripts where there are none; hashes of scripts earn five points.
const WITHOUT_SCRIPTS = ["sri-not-implemented-but-no-scripts-loaded", "sri-not-implemented-response-not-html"];
const wrong = [];
const scores = new Map();
for (const answer of task.answers) {
  await observe(answer);
  for (const policy of answer.policies) evaluate(answer.name, policy);
  if (!answer.policies.length) wrong.push(`${answer.name}: there is no Content-Security-Policy`);
}
for (const [score, names] of [...scores].sort((a, b) => a[0] - b[0])) {
  console.error(`     Observatory ${score}: ${names.length} answers, ${names.slice(0, 3).join(" ")}`);
}
console.log(JSON.stringify(wrong));

async function observe({ name, url }) {
  const { scan: found, tests } = await scan(url.replace("https://", ""));
  const hasScripts = !WITHOUT_SCRIPTS.includes(tests["subresource-integrity"].result);
  const wanted = hasScripts ? task.atLeast.scripts : task.atLeast.none;
  scores.set(found.score, [...(scores.get(found.score) ?? []), name]);
  if (found.score >= wanted) return;
  const parts = Object.entries(tests).map(([test, { result, scoreModifier }]) => `${test} ${scoreModifier} (${result})`);
  wrong.push(`${name}: Observatory ${found.score}, not ${wanted}: ${parts.join("; ")}`);
}

function evaluate(name, policy) {
  for (const finding of new CspEvaluator(new CspParser(policy).csp).evaluate()) {
    const about = `${finding.directive} ${finding.value ?? ""}`.trim();
    wrong.push(`${name}: csp_evaluator ${Severity[finding.severity]} ${Type[finding.type]}: ${about}: ${finding.description}`);
  }
}

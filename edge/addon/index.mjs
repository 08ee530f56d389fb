// Quillfront's functions for Lambda@Edge. quillfront.node decides; here is the way to S3, and the log.
import { once } from 'node:events';
import { createRequire } from 'node:module';

const { Edge } = createRequire(import.meta.url)('./quillfront.node');
const {
  AWS_ACCESS_KEY_ID: accessKey,
  AWS_SECRET_ACCESS_KEY: secretKey,
  AWS_SESSION_TOKEN: sessionToken,
  AWS_ENDPOINT_URL_S3: endpoint,
} = process.env;
const edge = new Edge({ accessKey, secretKey, sessionToken, endpoint });
const failure = edge.failure;
// `fetch` would take three times as long to load.
const http = await import(endpoint?.startsWith('http:') ? 'node:http' : 'node:https');
const agent = new http.Agent({ keepAlive: true });
const TIMEOUT_MS = 1000;

export async function handler(event) {
  try {
    const json = JSON.stringify(event);
    const now = Date.now();
    let step = edge.begin(json, now);
    while (typeof step !== 'string') {
      const turn = edge.goOn(json, now, step.looks, await ask(step));
      if (turn.trouble) tell('warn', turn.trouble);
      step = turn.step;
    }
    return JSON.parse(step);
  } catch (error) {
    tell('error', error.message);
    return JSON.parse(failure);
  }
}

// S3's answer. A connection that S3 has closed in the meantime is tried once more.
async function ask(request, isSecond = false) {
  const { method, url, headers, mostBytes } = request;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const asked = http.request(url, { method, headers: Object.fromEntries(headers), agent, signal });
    asked.on('error', () => {}); // those that come after the answer has begun; `once` has the others
    asked.end();
    const [response] = await once(asked, 'response');
    const chunks = [];
    let bytes = 0;
    for await (const chunk of response) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > mostBytes) break;
    }
    return { status: response.statusCode, etag: response.headers.etag, body: Buffer.concat(chunks) };
  } catch (error) {
    if (signal.aborted) return { reason: `no answer within ${TIMEOUT_MS} ms` };
    return isSecond ? { reason: error.code ?? error.name } : ask(request, true);
  }
}

function tell(level, message) {
  console.error(JSON.stringify({ level, from: 'quillfront', message }));
}

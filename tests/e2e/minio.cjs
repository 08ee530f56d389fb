// What the minio package for Node does with a server: `node minio.cjs FOLDER`. The address and the
// keys come from the environment, as for the AWS SDKs. Ends with 1 where something is not as it
// should be.
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { Readable } = require("node:stream");
const minio = require("minio");

const endpoint = new URL(process.env.AWS_ENDPOINT_URL_S3);
const client = new minio.Client({
  endPoint: endpoint.hostname,
  port: Number(endpoint.port),
  useSSL: false,
  accessKey: process.env.AWS_ACCESS_KEY_ID,
  secretKey: process.env.AWS_SECRET_ACCESS_KEY,
});
const bucket = "from-minio-js";
const MEGABYTE = 1024 * 1024;

async function read(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function list(prefix, recursive) {
  const found = [];
  for await (const item of client.listObjectsV2(bucket, prefix, recursive)) found.push(item.name ?? item.prefix);
  return found;
}

async function refused(code, promise) {
  await assert.rejects(promise, (error) => {
    assert.strictEqual(error.code, code, String(error));
    return true;
  });
}

async function main() {
  assert.strictEqual(await client.bucketExists(bucket), false);
  await client.makeBucket(bucket);
  assert.strictEqual(await client.bucketExists(bucket), true);
  assert.ok((await client.listBuckets()).some(({ name }) => name === bucket));

  const metadata = { "Content-Type": "text/markdown", "X-Amz-Meta-Author": "Ada" };
  await client.putObject(bucket, "a b/ü.md", "text", 4, metadata);
  const stat = await client.statObject(bucket, "a b/ü.md");
  assert.strictEqual(stat.size, 4);
  assert.strictEqual(stat.etag, crypto.createHash("md5").update("text").digest("hex"));
  assert.strictEqual(stat.metaData.author, "Ada");
  assert.strictEqual(String(await read(await client.getObject(bucket, "a b/ü.md"))), "text");
  assert.strictEqual(String(await read(await client.getPartialObject(bucket, "a b/ü.md", 1, 2))), "ex");

  // Without a length it goes in parts, whose ids once looked like numbers.
  const large = crypto.randomBytes(12 * MEGABYTE);
  await client.putObject(bucket, "large", Readable.from([large.subarray(0, 7 * MEGABYTE), large.subarray(7 * MEGABYTE)]));
  assert.ok(large.equals(await read(await client.getObject(bucket, "large"))));
  const file = path.join(process.argv[2], "large");
  await client.fGetObject(bucket, "large", file);
  assert.ok(large.equals(fs.readFileSync(file)));
  const parts = new minio.Client({ ...client.clientOptions, endPoint: endpoint.hostname, port: Number(endpoint.port),
    useSSL: false, accessKey: client.accessKey, secretKey: client.secretKey, partSize: 5 * MEGABYTE });
  await parts.fPutObject(bucket, "in parts", file);
  assert.ok((await client.statObject(bucket, "in parts")).etag.endsWith("-3"));

  await client.copyObject(bucket, "copy", `/${bucket}/large`);
  assert.ok(large.equals(await read(await client.getObject(bucket, "copy"))));

  for (let number = 0; number < 30; number++) await client.putObject(bucket, `many/${number}`, "x");
  assert.strictEqual((await list("many/", true)).length, 30);
  assert.deepStrictEqual((await list("", false)).sort(), ["a b/", "copy", "in parts", "large", "many/"]);

  const get = await client.presignedGetObject(bucket, "a b/ü.md", 60);
  assert.strictEqual(await (await fetch(get)).text(), "text");
  const put = await client.presignedPutObject(bucket, "by link", 60);
  assert.strictEqual((await fetch(put, { method: "PUT", body: "linked" })).status, 200);
  const stolen = await fetch(put, { method: "PUT", headers: { "x-amz-copy-source": `${bucket}/large` } });
  assert.strictEqual(stolen.status, 403);
  assert.strictEqual(String(await read(await client.getObject(bucket, "by link"))), "linked");

  await refused("NoSuchKey", client.getObject(bucket, "missing"));
  await refused("NoSuchBucket", client.putObject("no-such-bucket", "k", "v"));
  const stranger = new minio.Client({ endPoint: endpoint.hostname, port: Number(endpoint.port), useSSL: false,
    accessKey: client.accessKey, secretKey: "wrong" });
  await refused("SignatureDoesNotMatch", stranger.getObject(bucket, "large"));

  await client.removeObjects(bucket, await list("", true));
  assert.deepStrictEqual(await list("", true), []);
  await client.removeBucket(bucket);
  assert.strictEqual(await client.bucketExists(bucket), false);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

// Makes one thumbnail with sharp, so many times: node sharp.mjs MODULES FORMAT WIDTH QUALITY TIMES IN OUT
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';

const [modules, format, width, quality, times, input, output] = process.argv.slice(2);
const sharp = createRequire(`${modules}/`)('sharp');
sharp.concurrency(1);
sharp.cache(false);
const original = readFileSync(input);
for (let time = 0; time < Number(times); time += 1) {
    const resized = sharp(original).autoOrient().resize({ width: Number(width), withoutEnlargement: true });
    const options = format === 'png' ? {} : { quality: Number(quality) };
    writeFileSync(output, await resized.toFormat(format, options).toBuffer());
}

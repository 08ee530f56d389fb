// Puts the clock of the process forward by the milliseconds in the file CLOCK, so that thirty seconds need not
// be waited for.
import { readFileSync } from 'node:fs';

const { now } = Date;
const file = process.env.CLOCK;
Date.now = () => now() + Number(readFileSync(file, 'utf8'));

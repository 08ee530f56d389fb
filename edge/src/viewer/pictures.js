// The viewer-request function where thumbnails are. What it does is what `thumbnail/ask.rs` and the crate
// `quillfront-image-urls` do, in the same order. Of options that are wrong it says less: the whole would not fit.

// Name, short name, and values: whole numbers from:to, hundredths .from:to, or words.
const OPTIONS = (
    'width,w,1:12000;height,h,1:12000;fit,,scale-down/contain/cover/crop/pad;gravity,g,center/left/right/top/bottom;' +
    'dpr,,.10:1000;quality,q,1:100;format,f,auto/avif/webp/jpeg/png/json;background,,;blur,,0:250;sharpen,,.0:1000;' +
    'brightness,,.1:1000;contrast,,.1:1000;gamma,,.1:1000;rotate,,0/90/180/270;flip,,h/v/hv;trim,,;anim,,true/false;' +
    'metadata,,none/copyright;compression,,fast;onerror,,redirect;preset,,;v,,'
).split(';').map((option) => option.split(','));
const NAMES = OPTIONS.map((option) => option[0]);
const DEFAULTS = {
    fit: 'scale-down', gravity: 'center', blur: '0', sharpen: '0', brightness: '1', contrast: '1', gamma: '1',
    rotate: '0', trim: '0;0;0;0', anim: 'false', metadata: 'none',
};
// Other names of values.
const SAME = {
    'gravity=centre': 'center', 'format=jpg': 'jpeg', 'flip=vh': 'hv',
    'quality=low': '45', 'quality=medium-low': '60', 'quality=medium-high': '75', 'quality=high': '85',
};
const NOTHING = undefined;
const COLOURS = ['black', 'white', 'transparent'];
const NO_PICTURE = 'there is no such picture';

async function handler(event) {
    const request = event.request;
    const key = begun(request);
    if (key.answer) {
        return key.answer;
    }
    delete request.headers[FACTS.signed];
    // A thumbnail is no folder with a page in it.
    const isFolder = request.uri.endsWith('/');
    const place = placeOf(isFolder ? key.name.slice(0, -FACTS.index.length) : key.name);
    if (!place) {
        return request;
    }
    let keys = '';
    if (place.options && has(place.options, ',s=')) {
        try {
            keys = await cf.kvs().get(FACTS.keys);
        } catch (error) {
            // Without a KeyValueStore, or without the keys in it, no signature is right.
        }
    }
    try {
        picture(request, place, keys);
    } catch (error) {
        if (!error.why) {
            throw error;
        }
        return said(error.status, error.why);
    }
    return request;
}

// Makes the request that for the canonical path of a thumbnail.
function picture(request, place, keys) {
    if (place.isCanonical) {
        refuse(404, NO_PICTURE);
    }
    const original = place.original;
    const signed = signatureOf(place.options);
    const options = parsed(signed ? signed.options : place.options);
    if (original === '') {
        wrong('the path');
    }
    if (signed) {
        check(signed, options, original, keys);
        multiply(options);
    } else {
        admit(options);
    }
    const wanted = options.wanted;
    if (options.isAuto) {
        wanted.format = automatic(request.headers.accept, original, wanted.anim);
    }
    const folder = FACTS.folder + original + '/';
    const file = written(normalised(wanted)) + (wanted.v ? ',v=' + wanted.v : '');
    if (bytes(folder + file) > FACTS.maxKey) {
        wrong('the path');
    }
    if (signed && !request.uri.startsWith('/' + FACTS.folder + place.options + '/')) {
        wrong('s');
    }
    if (original.endsWith('/') || original.split('/')[0] === FACTS.internal || placeOf(original)) {
        refuse(404, NO_PICTURE);
    }
    request.uri = '/' + encoded(folder) + file;
    if (signed) {
        request.headers[FACTS.signed] = { value: '1' };
    }
}

// The options without the last two of a signed URL, and these; null where a URL is not signed.
function signatureOf(text) {
    const isOfSignature = (part) => /^[es]=/.test(part);
    if (!text.split(',').some(isOfSignature)) {
        return null;
    }
    const found = /,e=([1-9][0-9]{0,11}),s=([0-9a-f]{64})$/.exec(text);
    const options = found ? text.slice(0, found.index) : text;
    if (options.split(',').some(isOfSignature)) {
        wrong('s');
    }
    return { options: options, expires: found[1], signature: found[2] };
}

function check(signed, options, original, keys) {
    if (!/^[\w+\/=-]{32,256}(,[\w+\/=-]{32,256})?$/.test(keys)) {
        refuse(403, 'there is no key here for signatures');
    }
    const given = NAMES.filter((name) => options.given[name] !== NOTHING).map((name) => name + '=' + options.given[name]);
    const message = '/' + encoded(FACTS.folder + original) + '/' + given.join(',') + ',e=' + signed.expires;
    // All keys and all digits are looked at, however soon it is known.
    const differences = keys.split(',').map((key) => {
        const right = crypto.createHmac('sha256', key).update(message).digest('hex');
        let difference = 0;
        for (let at = 0; at < right.length; at++) {
            difference |= right.codePointAt(at) ^ signed.signature.codePointAt(at);
        }
        return difference;
    });
    if (!has(differences, 0)) {
        refuse(403, 'the signature is wrong');
    }
    if (Number(signed.expires) <= Math.floor(Date.now() / 1000)) {
        refuse(403, 'the signature has expired');
    }
}

// All values have an end, so that options which are longer than they may be are wrong anyway.
function parsed(text) {
    const given = {};
    text.split(',').forEach((part) => {
        const at = part.indexOf('=');
        const written = part.slice(0, at);
        const option = OPTIONS.find((option) => option[0] === written || option[1] && option[1] === written);
        if (at === -1 || !option || given[option[0]] !== NOTHING) {
            wrong(option ? option[0] : 'a name');
        }
        given[option[0]] = part.slice(at + 1);
    });
    const options = given.preset === NOTHING ? { wanted: {}, dpr: 1 } : preset(given);
    options.given = given;
    OPTIONS.forEach((option) => {
        const name = option[0];
        if (given[name] === NOTHING || name === 'preset') {
            return;
        }
        const known = readValue(name, given[name], option[2]);
        if (known === NOTHING) {
            wrong(name);
        }
        options.wanted[name] = known;
        if (name === 'format') {
            options.isAuto = known === 'auto';
            options.wanted.format = options.isAuto ? NOTHING : known;
        }
    });
    options.dpr = options.wanted.dpr || 1;
    return options;
}

function preset(given) {
    const found = FACTS.presets.find((one) => one[0] === given.preset);
    const beside = ['preset', 'dpr', 'format', 'v'];
    if (!found || NAMES.some((name) => given[name] !== NOTHING && !has(beside, name))) {
        wrong('preset');
    }
    const options = parsed(found[1]);
    multiply(options);
    options.wanted.dpr = NOTHING;
    options.isPreset = true;
    return options;
}

// The one spelling of a value; NOTHING where it is not allowed.
function readValue(name, text, values) {
    if (name === 'background') {
        return colour(text);
    }
    if (name === 'v') {
        return /^[0-9a-f]{16}$/.test(text) ? text : NOTHING;
    }
    if (name === 'trim') {
        return several(text, ';', 4, (side) => whole(side, 0, 12000));
    }
    const same = SAME[name + '=' + text];
    const range = /^(\.?)(.*):(.*)/.exec(values);
    if (same || !range) {
        const isWord = text && has(values.split('/'), text);
        const isPoint = !isWord && name === 'gravity';
        return same || (isPoint ? several(text, 'x', 2, (part) => decimal(part, 0, 100)) : isWord ? text : NOTHING);
    }
    return (range[1] ? decimal : whole)(text, range[2], range[3]);
}

function several(text, between, count, readOne) {
    const parts = text.split(between).map(readOne);
    return parts.length === count && !has(parts, NOTHING) ? parts.join(between) : NOTHING;
}

function whole(text, least, most) {
    const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
    return number >= least && number <= most ? String(number) : NOTHING;
}

// A number between hundredths, without zeros at its end.
function decimal(text, least, most) {
    const found = /^([0-9]{1,9})(?:\.([0-9]{1,9}))?$/.exec(text);
    const number = found ? Math.floor((Number(found[1] + ((found[2] || '') + '000').slice(0, 3)) + 5) / 10) : -1;
    return number >= least && number <= most ? String(number / 100) : NOTHING;
}

function colour(text) {
    if (has(COLOURS, text)) {
        return text;
    }
    let digits = text.replace(/^#/, '').toLowerCase();
    if (!/^([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.test(digits)) {
        return NOTHING;
    }
    if (digits.length < 5) {
        digits = digits.replace(/[0-9a-f]/g, (digit) => digit + digit);
    }
    digits = (digits + 'ff').slice(0, 8);
    if (digits.endsWith('00')) {
        return 'transparent';
    }
    digits = digits.replace(/ff$/, '');
    const at = ['000000', 'ffffff'].indexOf(digits);
    return at === -1 ? digits : COLOURS[at];
}

// Puts dpr into the sizes.
function multiply(options) {
    ['width', 'height'].forEach((side) => {
        const pixels = options.wanted[side];
        if (pixels) {
            const more = Math.floor((pixels * Math.round(options.dpr * 100) + 50) / 100);
            options.wanted[side] = String(Math.max(1, Math.min(more, FACTS.maxSide)));
        }
    });
}

// Options as anybody may have them.
function admit(options) {
    const wanted = normalised(options.wanted);
    options.wanted = wanted;
    if (options.isPreset) {
        if (!has([1, 2, 3], Number(options.dpr))) {
            wrong('dpr');
        }
        multiply(options);
        return;
    }
    // From background to onerror nothing is free but what changes nothing, and anim.
    const notFree = NAMES.filter((name, at) => {
        const value = wanted[name];
        if (name === 'gravity') {
            return has(value, 'x');
        }
        return at === 7 ? value && !has(COLOURS, value) : at > 7 && at < 20 && name !== 'anim' && value !== DEFAULTS[name];
    });
    if (options.dpr < 1 || options.dpr > 3) {
        notFree.push('dpr');
    }
    if (notFree.length) {
        refuse(403, 'not for everybody: ' + notFree.join(', ') + '. It takes a preset or a signed URL');
    }
    multiply(options);
    wanted.width = step(FACTS.widths, wanted.width);
    wanted.height = step(FACTS.widths, wanted.height);
    wanted.quality = step(FACTS.qualities, wanted.quality);
}

function step(steps, value) {
    const up = steps.find((one) => one >= value);
    return value && String(up || steps[steps.length - 1]);
}

// The same picture, without what changes nothing of it.
function normalised(wanted) {
    const normal = Object.assign({}, DEFAULTS, wanted);
    if (!normal.width || !normal.height) {
        const isDown = !normal.width && !normal.height || has(['crop', 'scale-down'], normal.fit);
        normal.fit = isDown ? 'scale-down' : 'contain';
    }
    const points = { '0.5x0.5': 'center', '0x0.5': 'left', '1x0.5': 'right', '0.5x0': 'top', '0.5x1': 'bottom' };
    const isCut = !has(['scale-down', 'contain'], normal.fit);
    normal.gravity = isCut ? points[normal.gravity] || normal.gravity : 'center';
    const format = normal.format;
    const isJpeg = format === 'jpeg';
    const isNothing = normal.background === 'transparent' && (normal.fit !== 'pad' || isJpeg);
    if (isNothing || normal.background === 'white' && isJpeg) {
        normal.background = NOTHING;
    }
    if (normal.flip && normal.flip !== 'h') {
        normal.rotate = String((Number(normal.rotate) + 180) % 360);
        normal.flip = normal.flip === 'v' ? 'h' : NOTHING;
    }
    const isJson = format === 'json';
    if (isJson || format === 'png' || normal.quality === '75') {
        normal.quality = NOTHING;
    }
    if (format && format !== 'webp') {
        normal.anim = 'false';
    }
    if (isJson) {
        normal.metadata = 'none';
        normal.compression = NOTHING;
    }
    return normal;
}

function written(normal) {
    const names = NAMES.slice(0, -2).filter((name) => name !== 'dpr' && normal[name] !== NOTHING && normal[name] !== DEFAULTS[name]);
    return names.map((name) => name + '=' + normal[name]).join(',') || 'fit=scale-down';
}

// The format of format=auto.
function automatic(header, original, isMoving) {
    const lines = header ? header.multiValue || [header] : [];
    const accepted = {};
    lines.map((line) => line.value).join(',').slice(0, 2048).split(',').forEach((range) => {
        const parts = range.split(';').map((part) => part.trim());
        accepted[parts.shift().toLowerCase()] = !parts.some((part) => /^q\s*=\s*0\.?0*$/i.test(part));
    });
    if (accepted['image/avif'] && isMoving !== 'true') {
        return 'avif';
    }
    if (accepted['image/webp']) {
        return 'webp';
    }
    return /\.(jpe?g|png)$/i.test(original) ? NOTHING : 'auto';
}

function wrong(where) {
    refuse(400, 'wrong at ' + where + '; `quillfront thumb --canonical URL` says how');
}

function refuse(status, why) {
    throw { status: status, why: why };
}

function said(status, why) {
    const made = answer(status, why.slice(0, FACTS.maxReason).trim());
    if (status !== 404) {
        made.headers['cache-control'] = { value: FACTS.short };
    }
    return made;
}

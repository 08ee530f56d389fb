// A viewer-request function for CloudFront Functions (cloudfront-js-2.0), written by `quillfront package
// edge`. FACTS says what it goes by. Write it anew rather than change it.

function handler(event) {
    const request = event.request;
    const path = request.uri;
    const key = keyOf(path);
    if (key.refusal) {
        return answer(400, 'Bad Request', key.refusal);
    }
    if (key.name.split('/')[0] === FACTS.internal) {
        return answer(404, 'Not Found', FACTS.notFound);
    }
    if (isElsewhere(request.headers.host)) {
        return moved(FACTS.origin + path, request);
    }
    if (!FACTS.routes) {
        return request;
    }
    const page = pageOf(path, key.name);
    if (page !== null) {
        return moved(page, request);
    }
    request.uri = '/' + encoded(key.name);
    return request;
}

// The name of the object that a path asks for, or why it is refused.
function keyOf(path) {
    if (bytes(path) > FACTS.maxPathBytes) {
        return { refusal: FACTS.tooLong };
    }
    const refused = { refusal: FACTS.notCanonical };
    if (path.slice(0, 1) !== '/' || /\\|%2f|%5c|%(?![0-9a-f]{2})/i.test(path)) {
        return refused;
    }
    let name;
    try {
        name = decodeURIComponent(path.slice(1));
    } catch (error) {
        return refused;
    }
    if (/%[0-9a-f]{2}/i.test(name) || /[\u0000-\u001f\u007f-\u009f]/.test(name)) {
        return refused;
    }
    const folders = name.split('/');
    const last = folders.pop();
    const isOdd = (segment) => segment === '' || segment === '.' || segment === '..';
    if (folders.some(isOdd) || last !== '' && isOdd(last)) {
        return refused;
    }
    if (last === '') {
        name += FACTS.index;
    }
    return bytes(name) > FACTS.maxKeyBytes ? { refusal: FACTS.tooLong } : { name: name };
}

// True where the host is another domain of the site than the canonical one.
function isElsewhere(host) {
    if (!host) {
        return false;
    }
    const name = host.value.toLowerCase().split(':')[0];
    return FACTS.others.indexOf(name) !== -1;
}

// The path that a page has, where it is asked for by another one; else null.
function pageOf(path, name) {
    if (path.endsWith('/')) {
        return null;
    }
    const slash = name.lastIndexOf('/') + 1;
    const last = name.slice(slash);
    if (last === FACTS.index) {
        return '/' + encoded(name.slice(0, slash));
    }
    const isFile = last.indexOf('.') !== -1 || path.startsWith(FACTS.wellKnown);
    if (isFile || bytes(name + '/' + FACTS.index) > FACTS.maxKeyBytes) {
        return null;
    }
    return '/' + encoded(name) + '/';
}

function moved(target, request) {
    const query = request.rawQueryString();
    const headers = Object.assign({}, FACTS.headers);
    headers.location = { value: (query && location(target + '?' + query)) || location(target) };
    return { statusCode: 301, statusDescription: 'Moved Permanently', headers: headers };
}

function answer(status, description, text) {
    return {
        statusCode: status,
        statusDescription: description,
        headers: Object.assign({ 'content-type': FACTS.contentType }, FACTS.headers),
        body: { encoding: 'text', data: text },
    };
}

// A target as the value of a header: escapes stay, and what no address may hold is encoded. Empty where it
// has control characters.
function location(target) {
    if (/[\u0000-\u001f\u007f-\u009f]/.test(target)) {
        return '';
    }
    const escaped = target.replace(/%(?![0-9a-f]{2})/gi, '%25');
    try {
        return escaped.replace(/[^!#-;=?-Z\[\]_a-z~]+/g, encodeURIComponent);
    } catch (error) {
        return '';
    }
}

// The name of an object as a path: all but unreserved characters and slashes are encoded.
function encoded(name) {
    const codes = { '!': '%21', "'": '%27', '(': '%28', ')': '%29', '*': '%2A' };
    return encodeURIComponent(name).replace(/%2F/g, '/').replace(/[!'()*]/g, (one) => codes[one]);
}

// Bytes in UTF-8; without end where it is no text.
function bytes(text) {
    try {
        return encodeURI(text).replace(/%[0-9A-F]{2}/g, '-').length;
    } catch (error) {
        return Infinity;
    }
}

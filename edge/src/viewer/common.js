// What both viewer-request functions for CloudFront Functions (cloudfront-js-2.0) begin with. FACTS stands before
// it and says what they go by.

const REASONS = { 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found' };

function has(list, one) {
    return list.indexOf(one) !== -1;
}

// The answer to a request that goes no further in any behaviour; else the name of the object that it asks for.
function begun(request) {
    const path = request.uri;
    const key = keyOf(path);
    if (key.refusal) {
        return { answer: answer(400, key.refusal) };
    }
    const isDisguised = !path.startsWith('/' + FACTS.folder) && placeOf(key.name);
    if (key.name.split('/')[0] === FACTS.internal || isDisguised) {
        return { answer: answer(404) };
    }
    const answered = elsewhere(request, key);
    return answered ? { answer: answered } : key;
}

// Where thumbnails are: that a name is a canonical form, or its options and its original. Null for ordinary objects.
function placeOf(name) {
    if (!name.startsWith(FACTS.folder)) {
        return null;
    }
    const segments = name.slice(FACTS.folder.length).split('/');
    if (segments.length > 1 && has(segments[segments.length - 1], '=')) {
        return { isCanonical: true };
    }
    const options = segments.shift();
    return has(options, '=') ? { options: options, original: segments.join('/') } : null;
}

// The name of the object that a path asks for, or why it is refused.
function keyOf(path) {
    if (bytes(path) > FACTS.maxPath) {
        return { refusal: FACTS.tooLong };
    }
    const refused = { refusal: FACTS.odd };
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
    return bytes(name) > FACTS.maxKey ? { refusal: FACTS.tooLong } : { name: name };
}

function headersOf() {
    const headers = {};
    FACTS.headers.forEach((header) => {
        headers[header[0]] = { value: header[1] };
    });
    return headers;
}

// An answer of one line.
function answer(status, why) {
    const reason = REASONS[status];
    return {
        statusCode: status,
        statusDescription: reason,
        headers: headersOf(),
        body: { encoding: 'text', data: status + ' ' + reason + (why ? ': ' + why : '') + '\n' },
    };
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

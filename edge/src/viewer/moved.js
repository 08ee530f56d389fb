// What leads elsewhere: to another domain of the site, or to the path that a page has.

// The answer where the host is another domain of the site than the canonical one; else null. CloudFront puts the name
// of the home page for `/`.
function elsewhere(request, key) {
    const host = request.headers.host;
    const name = host ? host.value.toLowerCase().split(':')[0] : '';
    return has(FACTS.others || [], name) ? moved(FACTS.origin + (key.name === FACTS.index ? '/' : request.uri), request) : null;
}

function moved(target, request) {
    const query = request.rawQueryString();
    const headers = headersOf();
    delete headers['content-type'];
    headers.location = { value: (query && location(target + '?' + query)) || location(target) };
    return { statusCode: 301, statusDescription: 'Moved Permanently', headers: headers };
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

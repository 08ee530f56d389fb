// The viewer-request function of the default behaviour.

function handler(event) {
    const request = event.request;
    const key = begun(request);
    if (key.answer || !FACTS.routes) {
        return key.answer || request;
    }
    const page = pageOf(request.uri, key.name);
    if (page !== null) {
        return moved(page, request);
    }
    request.uri = '/' + encoded(key.name);
    return request;
}

// The path that a page has, where it is asked for by another one; else null.
function pageOf(path, name) {
    if (path.endsWith('/') || name === FACTS.index) {
        return null;
    }
    const slash = name.lastIndexOf('/') + 1;
    const last = name.slice(slash);
    if (last === FACTS.index) {
        return '/' + encoded(name.slice(0, slash));
    }
    const isFile = has(last, '.') || path.startsWith(FACTS.wellKnown);
    if (isFile || bytes(name + '/' + FACTS.index) > FACTS.maxKey) {
        return null;
    }
    return '/' + encoded(name) + '/';
}

//! A server on this machine, names that lead to it, and what is let through.

use super::*;
use quillfront_site::quillfront_toml::OwnConfig;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// A server on loopback; keeps the requests that came.
struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Answers each connection by `answer`, which gets the request's head and body.
fn serve(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    std::thread::spawn(move || {
        let answer = Arc::new(answer);
        for stream in listener.incoming() {
            let (mut stream, seen, answer) = (stream.unwrap(), seen.clone(), answer.clone());
            std::thread::spawn(move || {
                let request = read_request(&mut stream);
                seen.lock().unwrap().push(request.clone());
                answer(&request, &mut stream);
            });
        }
    });
    Server { port, requests }
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut text, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return text;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        text.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    text + &String::from_utf8(body).unwrap()
}

/// An answer may fail to arrive: the other side hangs up on what it refuses.
fn send(stream: &mut TcpStream, text: &str) {
    let _hung_up = stream.write_all(text.as_bytes());
}

fn good(stream: &mut TcpStream, body: &str) {
    let length = body.len();
    send(
        stream,
        &format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"),
    );
}

fn redirect_to(stream: &mut TcpStream, status: u16, location: &str) {
    send(
        stream,
        &format!("HTTP/1.1 {status} See\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"),
    );
}

/// Names that end in `.example` are on this machine; others are where `elsewhere` says, by turns.
#[derive(Debug, Default)]
struct Names {
    elsewhere: Vec<IpAddr>,
    lookups: Arc<AtomicUsize>,
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let turn = self.lookups.fetch_add(1, Ordering::SeqCst);
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let is_here = uri.host().unwrap().ends_with(".example");
        let all = if is_here {
            vec![here]
        } else {
            vec![self.elsewhere[turn % self.elsewhere.len()]]
        };
        let mut addresses = self.empty();
        for address in all {
            addresses.push(SocketAddr::new(address, uri.port_u16().unwrap_or(443)));
        }
        Ok(addresses)
    }
}

/// What these tests allow and nothing else does: this machine.
fn refusal_but_for_loopback(address: IpAddr) -> Option<&'static str> {
    if address == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        None
    } else {
        address::refusal(address)
    }
}

fn test_web() -> Web {
    Web::over(Names::default(), refusal_but_for_loopback)
}

fn allowed(hosts: &[String]) -> AllowedHosts {
    let text = format!("[data]\nallowed_hosts = {hosts:?}");
    OwnConfig::parse("quillfront.toml", &text)
        .unwrap()
        .allowed_hosts
}

fn get(url: &str) -> Request {
    Request {
        url: url.into(),
        method: Method::Get,
        headers: vec![("accept".into(), "text/plain".into())],
        body: None,
    }
}

const LONG: Duration = Duration::from_secs(10);

#[test]
fn an_answer_comes_with_what_was_sent() {
    let server = serve(|_, stream| good(stream, "\u{feff}ünïcode"));
    let (url, host) = (
        format!("http://a.example:{}/x?y=1", server.port),
        format!("http://a.example:{}", server.port),
    );
    let hosts = allowed(&[host]);
    assert_eq!(
        test_web().fetch(&get(&url), &hosts, LONG).unwrap(),
        "ünïcode"
    );
    let post = Request {
        method: Method::Post,
        headers: vec![
            ("x-key".into(), "k".into()),
            ("content-type".into(), "application/json".into()),
        ],
        body: Some("{}".into()),
        ..get(&url)
    };
    test_web().fetch(&post, &hosts, LONG).unwrap();
    let requests = server.requests.lock().unwrap();
    assert!(
        requests[0].starts_with("GET /x?y=1 HTTP/1.1\r\n"),
        "{}",
        requests[0]
    );
    assert!(
        requests[0]
            .to_lowercase()
            .contains("\r\naccept: text/plain\r\n"),
        "{}",
        requests[0]
    );
    let sent = requests[1].to_lowercase();
    assert!(sent.starts_with("post /x?y=1"), "{sent}");
    assert!(
        sent.contains("\r\nx-key: k\r\n") && sent.ends_with("\r\n\r\n{}"),
        "{sent}"
    );
}

#[test]
fn this_machine_is_never_asked() {
    let server = serve(|_, stream| good(stream, "secret"));
    let url = format!("http://a.example:{}/", server.port);
    let hosts = allowed(&[format!("http://a.example:{}", server.port)]);
    let web = Web::over(Names::default(), address::refusal);
    let told = web.fetch(&get(&url), &hosts, LONG).unwrap_err();
    assert!(
        told.contains("127.0.0.1, this machine (loopback)"),
        "{told}"
    );
    // With the names of the system, which know this one.
    for url in [
        format!("http://localhost:{}/", server.port),
        format!("http://127.0.0.1:{}/", server.port),
        format!("http://[::ffff:127.0.0.1]:{}/", server.port),
        format!("http://0x7f.1:{}/", server.port),
    ] {
        let told = Web::new().fetch(&get(&url), &hosts, LONG).unwrap_err();
        assert!(told.contains("never fetched from"), "{url}: {told}");
    }
    assert!(server.requests.lock().unwrap().is_empty());
}

#[test]
fn one_refused_address_among_several_is_enough() {
    #[derive(Debug)]
    struct Two;
    impl Resolver for Two {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let mut addresses = self.empty();
            addresses.push("127.0.0.1:80".parse().unwrap());
            addresses.push("[fd00:ec2::254]:80".parse().unwrap());
            Ok(addresses)
        }
    }
    let hosts = allowed(&["http://a.example".into()]);
    let web = Web::over(Two, refusal_but_for_loopback);
    let told = web
        .fetch(&get("http://a.example/"), &hosts, LONG)
        .unwrap_err();
    assert!(told.contains("fd00:ec2::254, a private address"), "{told}");
}

#[test]
fn a_name_that_changes_its_mind_gains_nothing() {
    // Good when it is looked at, this machine when it is connected to: there is one look, so the
    // connection goes to where nobody answers, never to the server here.
    let server = serve(|_, stream| good(stream, "secret"));
    let lookups = Arc::new(AtomicUsize::new(0));
    let names = Names {
        elsewhere: vec!["127.0.0.2".parse().unwrap(), "127.0.0.1".parse().unwrap()],
        lookups: lookups.clone(),
    };
    let refusal: Refusal = |address| {
        if address == IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)) {
            None
        } else {
            address::refusal(address)
        }
    };
    let web = Web::over(names, refusal);
    let url = format!("http://rebind.test:{}/", server.port);
    let hosts = allowed(&[format!("http://rebind.test:{}", server.port)]);
    assert!(web.fetch(&get(&url), &hosts, LONG).is_err());
    assert_eq!(lookups.load(Ordering::SeqCst), 1);
    // The next request looks again, and is refused.
    let told = web.fetch(&get(&url), &hosts, LONG).unwrap_err();
    assert!(told.contains("127.0.0.1, this machine"), "{told}");
    assert!(server.requests.lock().unwrap().is_empty());
}

#[test]
fn redirects_are_followed_among_allowed_hosts_alone() {
    let server = serve(|request, stream| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        match path {
            "/near" => redirect_to(stream, 302, "/good?from=near"),
            "/far" => {
                let host = request.split_once("a.example:").unwrap().1;
                let port = host.split(['\r', '/']).next().unwrap();
                redirect_to(stream, 307, &format!("http://b.example:{port}/good"));
            }
            "/out" => redirect_to(stream, 301, "https://evil.example/"),
            "/metadata" => redirect_to(stream, 302, "http://169.254.169.254/latest/meta-data/"),
            "/file" => redirect_to(stream, 302, "file:///etc/passwd"),
            "/nowhere" => send(stream, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
            "/not-modified" => send(stream, "HTTP/1.1 304 Not Modified\r\n\r\n"),
            "/missing" => send(
                stream,
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            ),
            path if path.starts_with("/loop") => redirect_to(stream, 302, &format!("{path}x")),
            _ => good(stream, "good"),
        }
    });
    let base = format!("http://a.example:{}", server.port);
    let hosts = allowed(&[base.clone(), format!("http://b.example:{}", server.port)]);
    let fetch = |path: &str| test_web().fetch(&get(&format!("{base}{path}")), &hosts, LONG);
    assert_eq!(fetch("/near").unwrap(), "good");
    assert_eq!(fetch("/far").unwrap(), "good");
    for (path, part) in [
        (
            "/out",
            "`https://evil.example/` is refused: its host is not allowed",
        ),
        ("/metadata", "link-local"),
        ("/file", "not an https address"),
        ("/nowhere", "redirect to nowhere"),
        ("/not-modified", "304"),
        ("/missing", "404 Not Found"),
        ("/loop", "more than 5 redirects"),
    ] {
        let told = fetch(path).unwrap_err();
        assert!(told.contains(part), "{path}: {told}");
    }
    let loops = server
        .requests
        .lock()
        .unwrap()
        .iter()
        .filter(|r| r.contains(" /loop"))
        .count();
    assert_eq!(loops, MAX_REDIRECTS + 1);
}

#[test]
fn a_redirect_to_a_refused_address_is_refused_although_its_host_is_allowed() {
    let server = serve(|request, stream| {
        let port = request
            .split_once("a.example:")
            .unwrap()
            .1
            .split('\r')
            .next()
            .unwrap();
        redirect_to(stream, 302, &format!("http://inside.test:{port}/"));
    });
    let hosts = allowed(&[
        format!("http://a.example:{}", server.port),
        format!("http://inside.test:{}", server.port),
    ]);
    let names = Names {
        elsewhere: vec!["10.0.0.1".parse().unwrap()],
        ..Names::default()
    };
    let web = Web::over(names, refusal_but_for_loopback);
    let url = format!("http://a.example:{}/", server.port);
    let told = web.fetch(&get(&url), &hosts, LONG).unwrap_err();
    assert!(
        told.contains("`inside.test` is at 10.0.0.1, a private address"),
        "{told}"
    );
}

#[test]
fn what_is_meant_for_one_host_goes_to_no_other() {
    let secret = || Request {
        method: Method::Post,
        headers: vec![
            ("authorization".into(), "Bearer s".into()),
            ("accept".into(), "text/plain".into()),
            ("content-type".into(), "text/plain".into()),
        ],
        body: Some("b".into()),
        ..get("https://a.example/")
    };
    let after = |status, same_origin| {
        let mut request = secret();
        super::redirect(&mut request, status, same_origin);
        let names: Vec<String> = request.headers.into_iter().map(|(name, _)| name).collect();
        (request.method, request.body.is_some(), names.join(" "))
    };
    assert_eq!(
        after(307, true),
        (
            Method::Post,
            true,
            "authorization accept content-type".into()
        )
    );
    assert_eq!(
        after(308, false),
        (Method::Post, true, "accept content-type".into())
    );
    assert_eq!(
        after(303, true),
        (Method::Get, false, "authorization accept".into())
    );
    assert_eq!(after(301, false), (Method::Get, false, "accept".into()));
}

#[test]
fn answers_that_are_too_large_are_cut_off() {
    let server = serve(|request, stream| {
        let part = "x".repeat(64 * 1024);
        if request.starts_with("GET /told") {
            send(
                stream,
                &format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                    MAX_ANSWER_BYTES * 1000
                ),
            );
        } else if request.starts_with("GET /headers") {
            send(stream, &format!("HTTP/1.1 200 OK\r\nX-A: {part}{part}\r\n"));
        } else {
            send(stream, "HTTP/1.1 200 OK\r\n\r\n");
        }
        // For ever, were it not cut off.
        while stream.write_all(part.as_bytes()).is_ok() {}
    });
    let base = format!("http://a.example:{}", server.port);
    let hosts = allowed(std::slice::from_ref(&base));
    for path in ["/told", "/untold"] {
        let told = test_web()
            .fetch(&get(&format!("{base}{path}")), &hosts, LONG)
            .unwrap_err();
        assert_eq!(told, "the answer is larger than 4 MiB", "{path}");
    }
    let told = test_web()
        .fetch(&get(&format!("{base}/headers")), &hosts, LONG)
        .unwrap_err();
    assert!(told.contains("header"), "{told}");
}

#[test]
fn answers_that_are_too_slow_are_not_waited_for() {
    let server = serve(|request, stream| {
        if request.starts_with("GET /drop") {
            send(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
            // A byte now and then keeps no connection open.
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        } else {
            // Nothing, until the other side hangs up.
            let _hung_up = stream.read(&mut [0]);
        }
    });
    let base = format!("http://a.example:{}", server.port);
    let hosts = allowed(std::slice::from_ref(&base));
    for path in ["/silent", "/drop"] {
        let request = get(&format!("{base}{path}"));
        let told = test_web()
            .fetch(&request, &hosts, Duration::from_millis(300))
            .unwrap_err();
        assert_eq!(told, "no answer within 1 seconds", "{path}");
    }
}

#[test]
fn an_answer_that_is_no_text_is_refused() {
    let server = serve(|_, stream| {
        let _hung_up = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe");
    });
    let base = format!("http://a.example:{}", server.port);
    let hosts = allowed(std::slice::from_ref(&base));
    let told = test_web().fetch(&get(&base), &hosts, LONG).unwrap_err();
    assert_eq!(told, "the answer is not UTF-8 text");
}

#[test]
fn a_build_fetches_so_much_and_no_more() {
    struct Echo;
    impl Fetch for Echo {
        fn fetch(
            &self,
            request: &Request,
            _: &AllowedHosts,
            _: Duration,
        ) -> Result<String, String> {
            Ok(request.url.clone())
        }
    }
    let requests: BTreeSet<Request> = (0..MAX_REQUESTS + 7)
        .map(|n| get(&format!("https://a.example/{n:04}")))
        .collect();
    let mut budget = Budget::new();
    let answers = gather(&Echo, requests, &AllowedHosts::default(), &mut budget);
    assert_eq!(answers.len(), MAX_REQUESTS + 7);
    for (index, (request, answer)) in answers.iter().enumerate() {
        match answer {
            Ok(text) => assert_eq!(**text, *request.url),
            Err(told) => assert!(
                index >= MAX_REQUESTS && told.contains("more than 200"),
                "{told}"
            ),
        }
    }
    let one = || BTreeSet::from([get("https://a.example/again")]);
    assert!(
        gather(&Echo, one(), &AllowedHosts::default(), &mut budget)
            .into_values()
            .all(|a| a.is_err())
    );
    let mut small = Budget {
        bytes: 3,
        ..Budget::new()
    };
    let told = gather(&Echo, one(), &AllowedHosts::default(), &mut small)
        .into_values()
        .next()
        .unwrap();
    assert!(told.unwrap_err().contains("64 MiB together"));
    let mut late = Budget {
        until: Instant::now(),
        ..Budget::new()
    };
    let told = gather(&Echo, one(), &AllowedHosts::default(), &mut late)
        .into_values()
        .next()
        .unwrap();
    assert!(told.unwrap_err().contains("60 seconds"));
}

#[test]
fn https_is_spoken_where_it_is_asked_for() {
    let server = serve(|_, stream| good(stream, "not TLS"));
    let host = format!("a.example:{}", server.port);
    let hosts = allowed(std::slice::from_ref(&host));
    let web = test_web();
    assert!(
        web.fetch(&get(&format!("https://{host}/")), &hosts, LONG)
            .is_err()
    );
    let requests = server.requests.lock().unwrap();
    assert!(!requests.iter().any(|text| text.contains("GET")));
}

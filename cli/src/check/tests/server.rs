//! A web server on a free port of this machine that answers as a test wants it, and counts.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How a request is answered.
pub enum Answer {
    /// Status line and headers, each without its line end, and the body.
    Page(&'static str, Vec<String>, String),
    /// HTML without end.
    Endless,
    /// Nothing at all, until the client goes.
    Silence,
}

impl Answer {
    pub fn html(body: &str) -> Self {
        let headers = vec!["Content-Type: text/html; charset=utf-8".to_owned()];
        Self::Page("200 OK", headers, body.to_owned())
    }

    pub fn status(status: &'static str, header: Option<&str>) -> Self {
        Self::Page(
            status,
            header.map(str::to_owned).into_iter().collect(),
            String::new(),
        )
    }
}

/// What was asked for.
#[derive(Default)]
pub struct Seen {
    /// How often each path was.
    pub requests: BTreeMap<String, usize>,
    /// The head of the last request.
    pub head: String,
    now: usize,
    /// The most requests at one time.
    pub most_at_once: usize,
}

pub struct Server {
    pub address: SocketAddr,
    pub seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Starts one. `answer` gets the path and how often it was asked for, from 1.
    pub fn start(answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let server = Self {
            address,
            seen: seen.clone(),
        };
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, seen) = (answer.clone(), seen.clone());
                // A client that goes away early is no failure of the server.
                std::thread::spawn(move || serve(stream.ok()?, &*answer, &seen).ok());
            }
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn asked(&self, path: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.requests.get(path).copied().unwrap_or(0)
    }
}

fn serve(
    stream: TcpStream,
    answer: &(dyn Fn(&str, usize) -> Answer + Send + Sync),
    seen: &Mutex<Seen>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let times = {
        let mut seen = seen.lock().unwrap();
        seen.head = head;
        seen.now += 1;
        seen.most_at_once = seen.most_at_once.max(seen.now);
        let times = seen.requests.entry(path.clone()).or_default();
        *times += 1;
        *times
    };
    let answer = answer(&path, times);
    // Before the answer is out: the client may be back at once.
    seen.lock().unwrap().now -= 1;
    let mut stream = reader.into_inner();
    match answer {
        Answer::Page(status, headers, body) => {
            let length = body.len();
            let headers: String = headers
                .iter()
                .map(|header| format!("{header}\r\n"))
                .collect();
            write!(
                stream,
                "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
        }
        Answer::Endless => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h2 id=first>"
            )?;
            loop {
                stream.write_all(&[b' '; 16 * 1024])?;
            }
        }
        Answer::Silence => stream.read_to_end(&mut Vec::new()).map(drop),
    }
}

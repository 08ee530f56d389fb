//! What stands between a function and its S3, and does harm: one request a connection, as bytes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use quillfront_local::s3::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{BUCKET, put};

/// How long a slow answer takes: less than a client waits.
const SLOW: Duration = Duration::from_millis(800);

/// What S3 answers to too many requests.
const SLOW_DOWN: &[u8] = b"HTTP/1.1 503 Slow Down\r\ncontent-type: application/xml\r\n\
    content-length: 80\r\nconnection: close\r\n\r\n\
    <Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>";

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its answer is late.
    Slow,
    /// No answer comes, and the connection stays.
    Silent,
    /// It is refused with 503.
    SlowDown,
    /// Its answer ends in the middle: of the body, or of the head where there is none.
    Cut,
    /// The connection is closed instead of an answer.
    Closed,
    /// It is done, and the answer is lost.
    Lost,
}

/// What happens before a request.
#[derive(Clone, Debug)]
pub enum Change {
    /// An object becomes another one.
    Replace(String, Bytes),
    /// It goes.
    Delete(String),
}

#[derive(Clone, Debug)]
pub enum Harm {
    Fault(Fault),
    Before(Change),
}

/// Of the requests that a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of this number, from one on.
    Only(usize),
    /// All from that on.
    From(usize),
}

/// A rule for the requests of a method to a key.
#[derive(Clone, Debug)]
pub struct Rule {
    pub method: &'static str,
    pub key: String,
    pub which: Which,
    pub harm: Harm,
}

#[derive(Clone)]
pub struct Proxy {
    pub endpoint: String,
    s3: SocketAddr,
    store: Store,
    /// With how many requests each has been about.
    rules: Arc<Mutex<Vec<(Rule, usize)>>>,
}

impl Proxy {
    pub async fn start(s3: SocketAddr, store: Store) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            endpoint: format!("http://{}", listener.local_addr().unwrap()),
            s3,
            store,
            rules: Arc::default(),
        };
        let this = proxy.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let this = this.clone();
                // Clients go when they like.
                tokio::spawn(async move { drop(this.relay(client).await) });
            }
        });
        proxy
    }

    pub fn add(&self, rule: Rule) {
        self.rules.lock().unwrap().push((rule, 0));
    }

    /// Ends all rules about keys with this in them.
    pub fn forget(&self, part: &str) {
        let mut rules = self.rules.lock().unwrap();
        rules.retain(|(rule, _)| !rule.key.contains(part));
    }

    /// What is done to a request.
    fn harms(&self, method: &str, key: &str) -> Vec<Harm> {
        let mut harms = Vec::new();
        for (rule, seen) in self.rules.lock().unwrap().iter_mut() {
            if rule.method == method && rule.key == key {
                *seen += 1;
                let is_due = match rule.which {
                    Which::Only(number) => *seen == number,
                    Which::From(number) => *seen >= number,
                };
                harms.extend(is_due.then(|| rule.harm.clone()));
            }
        }
        harms
    }

    async fn relay(&self, mut client: TcpStream) -> std::io::Result<()> {
        let Some(request) = read_request(&mut client).await? else {
            return Ok(());
        };
        let (method, key) = named(&request);
        let mut fault = None;
        for harm in self.harms(&method, &key) {
            match harm {
                Harm::Fault(harm) => fault = Some(harm),
                Harm::Before(change) => self.change(change).await,
            }
        }
        match fault {
            Some(Fault::SlowDown) => return client.write_all(SLOW_DOWN).await,
            Some(Fault::Closed) => return Ok(()),
            Some(Fault::Silent) => {
                // Until the client gives up.
                client.read_to_end(&mut Vec::new()).await?;
                return Ok(());
            }
            Some(Fault::Slow) => tokio::time::sleep(SLOW).await,
            _ => {}
        }
        let mut s3 = TcpStream::connect(self.s3).await?;
        let line = find(&request, b"\r\n").unwrap_or_default();
        s3.write_all(&request[..line]).await?;
        s3.write_all(b"\r\nconnection: close").await?;
        s3.write_all(&request[line..]).await?;
        let mut answer = Vec::new();
        s3.read_to_end(&mut answer).await?;
        let head = find(&answer, b"\r\n\r\n").map_or(answer.len(), |end| end + 4);
        let sent = match fault {
            Some(Fault::Lost) => 0,
            Some(Fault::Cut) if head == answer.len() => head / 2,
            Some(Fault::Cut) => (head + answer.len()) / 2,
            _ => answer.len(),
        };
        client.write_all(&answer[..sent]).await?;
        client.shutdown().await
    }

    async fn change(&self, change: Change) {
        let (Change::Replace(key, _) | Change::Delete(key)) = &change;
        if let Some((etag, _)) = self.store.look(BUCKET, key) {
            let deleted = self.store.delete_version(BUCKET, key, &etag).await;
            assert!(deleted.unwrap());
        }
        if let Change::Replace(key, bytes) = change {
            put(&self.store, &key, bytes).await;
        }
    }
}

/// Method, and key in the bucket.
fn named(request: &[u8]) -> (String, String) {
    let line = find(request, b"\r\n").unwrap_or_default();
    let line = String::from_utf8_lossy(&request[..line]);
    let mut words = line.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8_lossy();
    let key = path.strip_prefix(&format!("/{BUCKET}/"));
    (method, key.unwrap_or_default().to_owned())
}

/// A whole request; none where the client has none.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    loop {
        if let Some(end) = find(&request, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            assert!(!head.contains("\r\ntransfer-encoding:"), "{head}");
            let length = head.split("\r\ncontent-length:").nth(1);
            let length = length.and_then(|rest| rest.lines().next());
            let length = length.map_or(0, |length| length.trim().parse().unwrap());
            if request.len() >= end + 4 + length {
                return Ok(Some(request));
            }
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|at| at == part)
}

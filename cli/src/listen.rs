//! Where servers listen: an address that was asked for, or a default port, or one after it.

use crate::exit::UsageError;
use anyhow::Result;
use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use tokio::net::{TcpListener, lookup_host};

/// So many ports are tried from a default one on.
const PORTS_TRIED: u16 = 20;

/// `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name, or an IP address without brackets.
    host: String,
    port: u16,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected HOST:PORT, such as localhost:8099 or 127.0.0.1:8099".to_owned();
        let (host, port) = text.rsplit_once(':').ok_or_else(expected)?;
        let port = port
            .parse()
            .map_err(|_| format!("`{port}` is not a port; {}", expected()))?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let host = match bare {
            Some(bare) if bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()) => bare,
            None if !host.is_empty() && host.chars().all(is_name) => host,
            _ => return Err(expected()),
        };
        let host = host.to_owned();
        Ok(Self { host, port })
    }
}

/// As it stands in a URL.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: address.ip().to_string(),
            port: address.port(),
        }
    }
}

/// Where a server is to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    address: Address,
    /// False where the port is the default one, so that the next will do.
    exact: bool,
}

impl Wish {
    /// At this address and no other.
    pub fn exactly(address: Address) -> Self {
        let exact = true;
        Self { address, exact }
    }

    /// At what was asked for; where no port was, at a default one or one after it.
    pub fn of(ip: Option<IpAddr>, port: Option<u16>, default_port: u16) -> Self {
        let ip = ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let address = SocketAddr::new(ip, port.unwrap_or(default_port));
        let exact = port.is_some();
        let address = address.into();
        Self { address, exact }
    }
}

/// A server that listens.
pub struct Listening {
    /// Its socket.
    pub socket: TcpListener,
    /// How it is called in URLs: by the name that was asked for.
    pub address: Address,
    /// The default port, where another program has that.
    pub taken: Option<u16>,
}

/// Listens where it is wished; `flag` is how an author says where.
///
/// # Errors
/// Another program listens there, or there is no such address on this machine.
pub async fn listen(wish: &Wish, flag: &str) -> Result<Listening> {
    let Wish { address, exact } = wish;
    let last = match exact {
        true => address.port,
        false => address.port.saturating_add(PORTS_TRIED - 1),
    };
    let mut port = address.port;
    loop {
        let here = Address {
            host: address.host.clone(),
            port,
        };
        match bind(&here).await {
            Ok(socket) => {
                // Port 0 has become another one.
                let port = socket.local_addr()?.port();
                let taken = (!exact && port != address.port).then_some(address.port);
                let address = Address { port, ..here };
                return Ok(Listening {
                    socket,
                    address,
                    taken,
                });
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse && port < last => port += 1,
            Err(error) => return Err(failed(flag, &here, *exact, &error).into()),
        }
    }
}

/// At the first address of the host that can be had: IPv4 goes first, as in the default.
async fn bind(address: &Address) -> std::io::Result<TcpListener> {
    let found = lookup_host((address.host.as_str(), address.port)).await?;
    let mut found: Vec<SocketAddr> = found.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    let mut failed = std::io::Error::from(ErrorKind::NotFound);
    for address in found {
        match TcpListener::bind(address).await {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = error,
        }
        // Half of a name would answer some programs here and others elsewhere.
        if failed.kind() == ErrorKind::AddrInUse {
            break;
        }
    }
    Err(failed)
}

fn failed(flag: &str, address: &Address, exact: bool, error: &std::io::Error) -> UsageError {
    let way_out = match error.kind() {
        ErrorKind::AddrInUse if exact => {
            "; another program is listening there: choose another port, or 0 for a free one, or \
             leave the port out"
        }
        ErrorKind::AddrInUse => {
            "; this port and the ones before it are taken: choose another, or 0"
        }
        ErrorKind::AddrNotAvailable => "; this machine has no such address",
        _ => "",
    };
    UsageError(format!("{flag} {address}: {error}{way_out}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_names_or_numbers() {
        for text in [
            "localhost:8099",
            "127.0.0.1:0",
            "[::1]:9000",
            "my-host.example:80",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in [
            "8099",
            "localhost",
            ":8099",
            "localhost:",
            "localhost:x",
            "a:99999",
            "::1:80",
            "[a]:1",
            "a b:1",
            "http://a:1",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_taken_default_port_moves_on_and_one_that_was_asked_for_does_not() {
        let any = || Wish::of(None, Some(0), 8080);
        let first = listen(&any(), "--http").await.unwrap();
        let Address { port, .. } = first.address;
        let default = Wish::of(None, None, port);
        let next = listen(&default, "--http").await.unwrap();
        assert!(next.address.port > port, "{}", next.address);
        assert_eq!(next.taken, Some(port));
        for asked in [
            Wish::of(None, Some(port), 8080),
            Wish::exactly(first.address.clone()),
        ] {
            let error = listen(&asked, "--http").await.err().unwrap().to_string();
            assert!(
                error.contains("another program is listening there"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_host_is_called_by_its_name() {
        let wish = Wish::exactly("localhost:0".parse().unwrap());
        let listening = listen(&wish, "--http").await.unwrap();
        let address = listening.address.to_string();
        assert!(
            address.starts_with("localhost:") && !address.ends_with(":0"),
            "{address}"
        );
        assert!(listening.socket.local_addr().unwrap().ip().is_loopback());
        let nowhere = Wish::exactly("no-such-host.invalid:1".parse().unwrap());
        let error = listen(&nowhere, "--http").await.err().unwrap().to_string();
        assert!(
            error.starts_with("--http no-such-host.invalid:1:"),
            "{error}"
        );
    }
}

//! S3 over a folder: `cargo run -p quillfront-local --example s3 -- DIR [ADDR]`.
//!
//! The key pair is that of the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`), or
//! `quillfront` and `quillfront`. Prints the endpoint once it answers; ends on Ctrl-C.

use std::error::Error;

use quillfront_local::s3::{Credentials, Store, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("usage: s3 DIR [ADDR]")?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9000".into());
    let from_environment = |name| std::env::var(name).unwrap_or_else(|_| "quillfront".into());
    let credentials = Credentials {
        access_key: from_environment("AWS_ACCESS_KEY_ID"),
        secret_key: from_environment("AWS_SECRET_ACCESS_KEY"),
    };
    let store = Store::open(dir).await?;
    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    serve(store, listener, credentials, async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await?;
    Ok(())
}

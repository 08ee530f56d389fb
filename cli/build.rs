//! The command carries the themes and the starter in itself: it is built anew when they change.
//!
//! It is linked at a fixed address, as Go links Hugo and Caddy. Otherwise 120,000 addresses, most of
//! them in a table of 9 MB that the minifier brings, would be set right at every start: 8 to 10 ms, a
//! tenth of an incremental build, and more of a Lambda function's cold start.

// Cargo reads what a build script prints.
#![allow(clippy::disallowed_macros)]

fn main() {
    println!("cargo::rerun-if-changed=../themes");
    println!("cargo::rerun-if-changed=starter");
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}"));
    if target("OS").as_deref() == Ok("linux") && target("ENV").as_deref() == Ok("gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

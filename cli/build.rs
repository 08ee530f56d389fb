//! The command carries the themes and the starter in itself: it is built anew when they change.

fn main() {
    println!("cargo::rerun-if-changed=../themes");
    println!("cargo::rerun-if-changed=starter");
}

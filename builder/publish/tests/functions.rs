//! The builder function as a program. That it builds is tested with `serve --functions` (`cli/tests/functions.rs`).

use std::process::Command;

#[test]
fn a_function_without_its_buckets_says_which_is_missing() {
    let program = env!("CARGO_BIN_EXE_quillfront-builder-lambda");
    let output = Command::new(program)
        .env_clear()
        .env("AWS_REGION", "us-east-1")
        .env("QUILLFRONT_SOURCE", "s3://source")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("QUILLFRONT_SITE is not set"), "{said}");
}

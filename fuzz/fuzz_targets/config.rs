#![no_main]

use quillfront_builder::config::Config;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = Config::parse("config.toml", text);
});

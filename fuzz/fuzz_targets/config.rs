#![no_main]

use quillfront_site::config::Config;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = Config::parse("config.toml", text);
});

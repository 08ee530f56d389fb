#![no_main]

#[path = "../../builder/templates/tests/lexer/engine.rs"]
mod engine;

// The lexer takes a text apart as the engine does, and a text within its budget makes the same output
// with meters and without.
libfuzzer_sys::fuzz_target!(|text: &str| {
    // Each token is asked for with the rest of its tag.
    if text.len() <= 4_096 {
        engine::agree(text);
    }
});

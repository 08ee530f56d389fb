#![no_main]

use quillfront_templates::budget;
use quillfront_templates::meter::{self, Role};

// Meters are put into anything, and what they make of it costs what a render may.
libfuzzer_sys::fuzz_target!(|text: &str| {
    let size_of = |_: &str| 0;
    for kept in [false, true] {
        let role = Role::Template {
            kept,
            size_of: &size_of,
        };
        let metered = meter::metered(text, role);
        assert!(metered.text.len() >= text.len());
        let mut tera = tera::Tera::default();
        quillfront_templates::filters::register(&mut tera);
        meter::register(&mut tera);
        let mut out = meter::BoundedWriter::new(meter::MAX_OUTPUT_BYTES);
        let context = tera::Context::new();
        let _ = budget::of_render(|| {
            tera.render_str_to(&metered.text, &context, false, &mut out)
        });
    }
});

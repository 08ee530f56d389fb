//! No text makes the inspection of pages panic, and no script is allowed for what came in through data: a page
//! of one half under the shapes of the other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quillfront_policy::{Allows, Digest, Shapes, inspect};

struct Asked(Shapes, Vec<Digest>);

impl Allows for Asked {
    fn script(&mut self, text: &str, digest: &Digest) -> bool {
        let allowed = self.0.allows(text);
        if allowed {
            self.1.push(*digest);
        }
        allowed
    }

    fn integrity(&mut self, hash: &str) -> bool {
        self.0.names_integrity(hash)
    }
}

fuzz_target!(|text: &str| {
    let (template, page) = text.split_once('\u{1}').unwrap_or((text, text));
    let mut shapes = Shapes::in_template(template);
    shapes.add(&Shapes::in_text(template));
    shapes.add(&Shapes::in_markdown(template, true));
    let mut asked = Asked(shapes, Vec::new());
    let facts = inspect(page, &mut asked);
    assert!(facts.scripts.iter().all(|digest| asked.1.contains(digest)));
    assert!(
        facts
            .findings
            .iter()
            .all(|finding| !finding.what.contains('\n'))
    );
    // With no shapes nothing is allowed.
    let none = inspect(page, &mut Shapes::default());
    assert!(none.scripts.is_empty() && none.integrity.is_empty());
    // What ends a string or begins code in a template literal is no data.
    let shapes = Shapes::in_template("<script>f('{{ a }}')</script><script>f(`{{ a }}`)</script>");
    if shapes.allows(&format!("f('{page}')")) {
        assert!(
            !page
                .replace("\\\\", "")
                .replace("\\'", "")
                .contains(['\'', '\n'])
        );
    }
    if shapes.allows(&format!("f(`{page}`)")) {
        assert!(!page.contains('`') && !page.contains("${"));
    }
});

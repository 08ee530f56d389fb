//! What cannot be said where one policy stands for the whole site (`edge = "policy"`).

use super::{Layer, Security};
use crate::front_matter::table::Table;
use crate::front_matter::tree::Place;
use crate::quillfront_toml::Directive;

const OUT: &str = "or remove edge = \"policy\": the functions at the edge know each page";

/// Tells what differs by path and cannot, and the sources that take others out of a policy.
pub(super) fn check(security: &Security, table: &mut Table<'_, '_>, place: Place) {
    for one in &security.paths {
        for name in same_everywhere(&one.layer) {
            let message = format!(
                "`security.paths.{name}` (of {:?}) cannot differ by path with edge = \"policy\": all answers have \
                 the same headers",
                one.path
            );
            table.problem_with_hint(place, message, &format!("put it below [security], {OUT}"));
        }
    }
    let layers = security.paths.iter().map(|one| &one.layer);
    for layer in std::iter::once(&security.general).chain(layers) {
        let scripts = [
            Directive::Script,
            Directive::ScriptAttribute,
            Directive::Worker,
        ];
        let scripts = scripts.iter().filter_map(|one| layer.sources.get(one));
        for source in scripts.flatten() {
            // Beside the hashes of other pages, browsers pass the first over; for the second they pass over all
            // hosts of other pages.
            if matches!(source.as_str(), "'unsafe-inline'" | "'strict-dynamic'") {
                let message = format!(
                    "`security.csp` allows {source} for scripts, which one policy cannot together with the scripts \
                     of other pages (edge = \"policy\")"
                );
                table.problem_with_hint(
                    place,
                    message,
                    &format!("allow the scripts by their hashes, {OUT}"),
                );
            }
        }
    }
}

/// The settings of a path that make a header which all answers share.
fn same_everywhere(layer: &Layer) -> impl Iterator<Item = &'static str> {
    let set = [
        ("mode", layer.mode.is_some()),
        ("hsts", layer.hsts.is_some()),
        ("referrer_policy", layer.referrer_policy.is_some()),
        ("coop", layer.opener.is_some()),
        ("coep", layer.embedder.is_some()),
        ("corp", layer.resource.is_some()),
        ("permissions_policy", layer.permissions.is_some()),
        ("reporting", layer.reporting.is_some()),
    ];
    set.into_iter()
        .filter(|(_, is_set)| *is_set)
        .map(|(name, _)| name)
}

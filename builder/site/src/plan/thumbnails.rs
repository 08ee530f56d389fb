//! Outputs that nobody can reach, since their addresses are those of thumbnails.

use super::wanted::about_path;
use super::{Plan, PlannedOutput, path_of};
use crate::diagnostic::Diagnostic;
use crate::key::OutputKey;
use quillfront_image_urls::{Place, Settings};
use std::ops::Bound;

/// The stable code of these diagnostics.
const CODE: &str = "thumbnail-address";
/// The most that are told.
const MAX_TOLD: usize = 100;

/// What is told of outputs that lie where thumbnails are.
pub(super) fn in_their_place<'a>(
    plan: &'a Plan,
    settings: &'a Settings,
) -> impl Iterator<Item = Diagnostic> + 'a {
    let start = format!("{}/", settings.folder());
    let from = plan.range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded));
    let below = from.take_while(move |(key, _)| key.as_str().starts_with(&start));
    let told = below.filter_map(|(key, planned)| told(key, planned, settings));
    told.take(MAX_TOLD)
}

fn told(key: &OutputKey, planned: &PlannedOutput, settings: &Settings) -> Option<Diagnostic> {
    let prefix = &settings.prefix;
    let why = match Place::of(key.as_str(), settings) {
        Place::Ordinary => return None,
        Place::Thumbnail { options, .. } => format!(
            "below {prefix}/, a first part with an `=` (`{}`) is the options of a thumbnail",
            options.escape_debug()
        ),
        Place::Canonical => format!(
            "below {prefix}/, a last part with an `=` is the name under which thumbnails are stored"
        ),
    };
    let path = path_of(key);
    let message = format!("nobody can reach `{}`: {why}", path.escape_debug());
    let hint = "give it another name or path, or choose another `prefix` under `[images]` in quillfront.toml";
    let problem = Diagnostic::warning(CODE, planned.source.as_str(), message).hint(hint);
    Some(about_path(problem, planned.rank))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SourceKey;
    use crate::plan::{Rank, Recipe};

    fn codes(keys: &[&str], settings: &Settings) -> Vec<String> {
        let plan: Plan = keys
            .iter()
            .map(|key| {
                let source = SourceKey::from(format!("static/{key}"));
                let recipe = Recipe::Copy(source.clone());
                let rank = Rank::Static;
                let planned = PlannedOutput {
                    rank,
                    source,
                    recipe,
                };
                (OutputKey::from(*key), planned)
            })
            .collect();
        in_their_place(&plan, settings)
            .map(|told| {
                assert!(told.code == CODE && !told.is_error() && told.hint.is_some());
                told.file
            })
            .collect()
    }

    #[test]
    fn only_what_readers_get_thumbnails_for_is_told() {
        let settings = Settings::default();
        let keys = [
            "a=b.jpg",
            "images/a=b/x.jpg",
            "img",
            "img-a=b/x.jpg",
            "img/a.jpg",
            "img/a/b=c/x.jpg",
            "img/a/x=y.jpg",
            "img/w=1",
            "img/w=1/index.html",
        ];
        let told = codes(&keys, &settings);
        let expected = [
            "static/img/a/x=y.jpg",
            "static/img/w=1",
            "static/img/w=1/index.html",
        ];
        assert_eq!(told, expected);
        let elsewhere = Settings {
            prefix: "/images".to_owned(),
            ..settings
        };
        assert_eq!(codes(&keys, &elsewhere), ["static/images/a=b/x.jpg"]);
    }

    #[test]
    fn a_folder_full_of_them_is_told_in_part() {
        let keys: Vec<String> = (0..MAX_TOLD + 9)
            .map(|n| format!("img/n={n}/x.jpg"))
            .collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(codes(&keys, &Settings::default()).len(), MAX_TOLD);
    }
}

//! Who wants which key, and who gets it where several want the same: ownership is decided by rank and source
//! key (invariant 1).

use super::{FeedOf, Plan, PlannedOutput, Rank, Recipe, path_of};
use crate::diagnostic::Diagnostic;
use crate::key::{OutputKey, Role, SourceKey, fault};
use crate::library::Library;
use crate::quillfront_toml::StaticFiles;

pub(super) struct Claims<'a> {
    /// The site, where more than a single output is wanted.
    pub(super) library: Option<&'a Library>,
    pub(super) static_files: StaticFiles,
    /// What is wanted under each key, in order; several may want the same.
    pub(super) wants: Vec<(OutputKey, PlannedOutput)>,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) config_key: SourceKey,
    /// Where keys are put together: one after another in the same memory.
    pub(super) key: String,
}

impl Claims<'_> {
    pub(super) fn nothing(static_files: StaticFiles, config_key: &SourceKey) -> Self {
        Self {
            library: None,
            static_files,
            wants: Vec::new(),
            problems: Vec::new(),
            config_key: config_key.clone(),
            key: String::new(),
        }
    }

    pub(super) fn want(&mut self, key: &str, rank: Rank, source: &SourceKey, recipe: Recipe) {
        if let Err(message) = check_output_key(key) {
            if let Some(problem) = self.problem_of_term(&recipe, &message) {
                self.problems.push(problem);
                return;
            }
            let problem = Diagnostic::error("path", source.as_str(), message)
                .hint("change the path, slug, alias or file name that it comes from");
            self.problems.push(about_path(problem, rank));
            return;
        }
        let planned = PlannedOutput {
            rank,
            source: source.clone(),
            recipe,
        };
        self.wants.push((OutputKey::from(key), planned));
    }

    /// Every key with its owner, and who lost one.
    pub(super) fn granted(mut self) -> (Plan, Vec<Diagnostic>) {
        let mut wants = std::mem::take(&mut self.wants);
        // Stable: who wanted first comes first. Most are in order already.
        wants.sort_by(|(a, _), (b, _)| a.cmp(b));
        wants.dedup_by(|(key, planned), (first, there)| {
            let same = key == first;
            if same {
                *there = self.owner(key, there.clone(), planned.clone());
            }
            same
        });
        (wants.into_iter().collect(), self.problems)
    }

    /// Which of two gets a key; the other is a diagnostic.
    pub(super) fn owner(
        &mut self,
        key: &OutputKey,
        there: PlannedOutput,
        planned: PlannedOutput,
    ) -> PlannedOutput {
        if there.source == planned.source
            && (there.recipe == planned.recipe || sends_to_itself(&there, &planned))
        {
            return if planned.rank < there.rank {
                planned
            } else {
                there
            };
        }
        if has_all_of(&there, &planned) {
            return there;
        }
        if has_all_of(&planned, &there) {
            return planned;
        }
        let replaces = self.static_files == StaticFiles::Replace;
        let replaces = |planned: &PlannedOutput| {
            replaces && planned.rank == Rank::Static && planned.source.role() == Role::Static
        };
        let order =
            |planned: &PlannedOutput| (!replaces(planned), planned.rank, planned.source.clone());
        let (owner, loser) = if order(&planned) < order(&there) {
            (planned, there)
        } else {
            (there, planned)
        };
        let path = path_of(key);
        let file = loser.source.as_str();
        let problem = if replaces(&owner) {
            let message = format!("`{path}` is replaced by the static file {}", owner.source);
            Diagnostic::warning("collision", file, message)
        } else {
            let message = format!("`{path}` is already generated from {}", self.maker(&owner));
            if let Some(problem) = self.problem_of_term(&loser.recipe, &message) {
                self.problems.push(Diagnostic {
                    code: "collision".to_owned(),
                    ..problem
                });
                return owner;
            }
            Diagnostic::error("collision", file, message)
        };
        let problem = problem.hint("give one of the two a different slug, path, alias or name");
        self.problems.push(about_path(problem, loser.rank));
        owner
    }

    pub(super) fn want_at_path(
        &mut self,
        path: &str,
        rank: Rank,
        source: &SourceKey,
        recipe: Recipe,
    ) {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.push_str(path.trim_start_matches('/'));
        key.push_str("index.html");
        self.want(&key, rank, source, recipe);
        self.key = key;
    }
}

/// The problem, where its source says what path it wants, if it says so.
pub(super) fn about_path(problem: Diagnostic, rank: Rank) -> Diagnostic {
    match rank {
        Rank::Alias => problem.about(&["aliases"]),
        _ => problem.about(&["path"]).about(&["slug"]),
    }
}

/// True where one of two outputs of a content file is a redirect to it from where it already is.
pub(super) fn sends_to_itself(one: &PlannedOutput, other: &PlannedOutput) -> bool {
    let redirects = |planned: &PlannedOutput| {
        planned.rank == Rank::Alias && planned.source.role() == Role::Content
    };
    redirects(one) != redirects(other)
}

/// True for the feed of a site, beside that of one of its sections: the home page's, where they have
/// one address.
pub(super) fn has_all_of(one: &PlannedOutput, other: &PlannedOutput) -> bool {
    match (&one.recipe, &other.recipe) {
        (Recipe::Feed(one), Recipe::Feed(other)) => {
            let (one, other) = ((&one.lang, &one.of), (&other.lang, &other.of));
            one.0 == other.0 && matches!((one.1, other.1), (FeedOf::Site, FeedOf::Section(_)))
        }
        _ => false,
    }
}

/// Keys that S3, a file system and a URL can all carry.
pub(super) fn check_output_key(key: &str) -> Result<(), String> {
    let problem = match fault(key) {
        Some(fault) => fault.to_string(),
        // As most are.
        None if key.len() <= 255 && !key.contains('\\') => return Ok(()),
        None if key.contains('\\') => "has a backslash".to_owned(),
        None if key.split('/').any(|part| part.len() > 255) => {
            "has a part longer than 255 bytes".to_owned()
        }
        None => return Ok(()),
    };
    Err(format!("the path `{}` {problem}", key.escape_debug()))
}

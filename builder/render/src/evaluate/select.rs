//! Which content a site is made of (invariant 1): a page or section whose own output cannot be made must
//! not be announced by others.
//!
//! The *candidates* are the content files whose bytes were not accepted yet. A *trial* renders the bodies and
//! own outputs of those that are tried, on the site as it would be. The first tries all together. Those that
//! fail go back together, to the bytes that were accepted before, or to nothing, and with them whatever links
//! to what is not there any more; the rest is tried again until none fails. Those that lose their address go
//! back only once nobody else fails, since its owner may be gone by then. What is left has been accepted, and
//! what went back is tried beside it: all together, then some of each kind of failure alone. No set is tried
//! twice. Then the whole site is rendered.
//!
//! Where nothing fails, the first trial is the beginning of the only evaluation. Else each trial goes by
//! the traces of the one before, and takes over what it has made.

use super::{
    Evaluation, FileFailures, OpenQuestions, Options, PreparedSite, Supply, Tree, Unready, places,
};
use crate::render::world::{Settings, Trust};
use itertools::Itertools;
use jiff::Timestamp;
use quillfront_markdown::InternalLink;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, Role, SourceKey};
use quillfront_site::library::Library;
use quillfront_site::object::Object;
use quillfront_site::plan::Plan;
use quillfront_site::quillfront_toml::AllowedHosts;
use quillfront_site::source::{Effective, Source, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Trials of one evaluation. Beyond them, what was not accepted waits, and is a candidate again.
const MAX_TRIALS: usize = 64;

/// Files that fail in the same way, each alone, before the others of their kind are no longer tried.
const MAX_OF_A_KIND: usize = 8;

/// What lacks something of these kinds lacks it whatever is beside it.
const LACKING: [&str; 3] = ["template-missing", "taxonomy", "slug"];

/// Content files whose bytes have not been accepted yet.
#[derive(Debug, Clone)]
pub enum Candidates {
    /// All there are. Nothing was accepted before.
    All,
    /// These, each with the source that was accepted before, if there was one.
    Some(BTreeMap<SourceKey, Option<Arc<Source>>>),
}

impl Default for Candidates {
    fn default() -> Self {
        Self::Some(BTreeMap::new())
    }
}

impl Candidates {
    /// The content files of which a build would use other texts than the one before.
    pub fn between(before: &Sources, now: &Sources) -> Self {
        let content = |key: &&SourceKey| key.role() == Role::Content;
        let changed = before.differing(now).filter(content);
        let is_there = |key: &&SourceKey| now.exists(key.as_str());
        let accepted = |key: &SourceKey| before.get(key.as_str()).cloned();
        let changed = changed.filter(is_there);
        Self::Some(changed.map(|key| (key.clone(), accepted(key))).collect())
    }

    /// Lets all of them go back, where there is no site that they could be tried on: they wait.
    pub fn put_back(&self, sources: &mut Sources) {
        if let Self::Some(candidates) = self {
            for key in candidates.keys() {
                sources.reject(key, self.accepted(key), &[]);
            }
        }
    }

    pub(super) fn contains(&self, key: &SourceKey) -> bool {
        match self {
            Self::All => true,
            Self::Some(candidates) => candidates.contains_key(key),
        }
    }

    fn accepted(&self, key: &SourceKey) -> Option<&Arc<Source>> {
        match self {
            Self::All => None,
            Self::Some(candidates) => {
                let accepted = candidates.get(key)?.as_ref();
                accepted.filter(|source| source.effective != Effective::Absent)
            }
        }
    }
}

/// Why the bytes of a candidate were not accepted.
#[derive(Debug, Clone)]
struct Rejection {
    /// What is wrong.
    problems: Vec<Diagnostic>,
    /// True where the site goes on with bytes that were accepted before.
    keeps_earlier: bool,
}

/// Candidates that were rejected, by source.
type Rejections = BTreeMap<SourceKey, Rejection>;

/// How far a selection has come.
#[derive(Debug)]
pub enum Progress {
    /// It waits for this.
    Asks(OpenQuestions),
    /// It begins again with other content, and so with another plan.
    Again,
    /// All is rendered, or all that an author waits for.
    Ready,
}

/// An evaluation that selects what it is made of.
pub struct Selection<Kept = Object> {
    settings: Settings,
    up_to: Timestamp,
    /// With the current bytes of all candidates.
    sources: Arc<Sources>,
    candidates: Candidates,
    /// Those that went back.
    rejected: Rejections,
    /// Of those, what is tried now.
    retried: BTreeSet<SourceKey>,
    /// What went back when nothing failed last.
    good: Option<Rejections>,
    /// What went back in each trial so far.
    tried: BTreeSet<BTreeSet<SourceKey>>,
    /// How many files have failed in the same way alone, beside all that was accepted.
    hopeless: BTreeMap<Failure, usize>,
    /// True once nothing that is tried has failed before its outputs are rendered.
    is_rendering: bool,
    /// True once all that is tried has been accepted.
    is_settled: bool,
    /// What the author waits for, until its own outputs were made.
    first: Option<BTreeSet<SourceKey>>,
    evaluation: Evaluation<Kept>,
}

/// What makes two failures one kind: code, file, line and message of the first problem. A mistake in a content
/// file is of a kind of its own.
type Failure = (String, String, Option<u32>, String);

/// The line of a content file that a line of its body is.
fn line_of_file(library: &Library, key: &SourceKey, line: u32) -> Option<u32> {
    let relative = key.as_str().strip_prefix("content/")?;
    let page = library.page_by_file(relative);
    let section = library.section_by_file(relative);
    let body = match (page, section) {
        (Some(page), _) => &library.pages[page].body,
        (None, Some(section)) => &library.sections[section].body,
        (None, None) => return None,
    };
    Some(body.line_of_file(line))
}

fn kind_of(rejection: &Rejection) -> Failure {
    let first = rejection.problems.first();
    first.map_or_else(Failure::default, |one| {
        (
            one.code.clone(),
            one.file.clone(),
            one.line,
            one.message.clone(),
        )
    })
}

impl<Kept: Send> Selection<Kept> {
    /// Begins with all candidates.
    ///
    /// # Errors
    /// Without a configuration there is no site.
    pub fn begin(
        sources: Arc<Sources>,
        settings: Settings,
        up_to: Timestamp,
        candidates: Candidates,
        options: impl FnOnce(&PreparedSite) -> Options,
    ) -> Result<Self, Unready> {
        let site = PreparedSite::up_to(sources.clone(), settings.clone(), up_to)?;
        let options = options(&site);
        let candidates = if settings.all_accepted {
            Candidates::default()
        } else {
            candidates
        };
        let first = options.first.clone();
        let evaluation = site.evaluate(options);
        let mut selection = Self {
            settings,
            up_to,
            sources,
            candidates,
            rejected: Rejections::new(),
            retried: BTreeSet::new(),
            good: None,
            tried: BTreeSet::from([BTreeSet::new()]),
            hopeless: BTreeMap::new(),
            is_rendering: false,
            is_settled: false,
            first,
            evaluation,
        };
        selection.try_own();
        Ok(selection)
    }

    /// The plan, as far as it is known which candidates are accepted.
    pub fn plan(&self) -> &Plan {
        self.evaluation.plan()
    }

    /// Where answers may come from.
    pub fn allowed_hosts(&self) -> AllowedHosts {
        self.evaluation.world.own.allowed_hosts.clone()
    }

    /// The evaluation of what has been accepted so far.
    pub fn evaluation(&self) -> &Evaluation<Kept> {
        &self.evaluation
    }

    /// True while only the own outputs of what an author waits for were rendered: all of them are
    /// accepted.
    pub fn has_only_first(&self) -> bool {
        self.first.is_some()
    }

    /// Renders the rest, too.
    pub fn go_on(&mut self) {
        self.first = None;
        self.evaluation.all();
    }

    /// Renders what can be rendered, as of [`Evaluation::step`].
    pub fn step(&mut self, keep: impl Fn(&OutputKey, Object) -> Kept + Sync) -> Progress {
        // Most mistakes show before any output is rendered.
        let mut failed = Rejections::new();
        if !self.is_settled && !self.is_rendering {
            match self.evaluation.failed_before_rendering() {
                Ok(found) => failed = self.sorted(found),
                Err(asked) => return Progress::Asks(asked),
            }
            self.is_rendering = true;
        }
        if failed.is_empty() {
            let asked = self.evaluation.step(&keep);
            if !asked.is_empty() {
                return Progress::Asks(asked);
            }
            if self.is_settled {
                return Progress::Ready;
            }
            failed = self.failed();
        }
        let has_failed = !failed.is_empty();
        if has_failed {
            self.reject(failed);
            let has_rest = self.good.is_none() || !self.retried.is_empty();
            if has_rest && self.is_new_trial() {
                self.begin_trial();
                return Progress::Again;
            }
            self.go_back_to_good();
        } else {
            for key in std::mem::take(&mut self.retried) {
                self.rejected.remove(&key);
            }
            self.good = Some(self.rejected.clone());
        }
        if let Some(next) = self.next() {
            self.retried = next;
            self.begin_trial();
            return Progress::Again;
        }
        self.is_settled = true;
        if has_failed {
            self.again();
        }
        if self.first.is_none() {
            self.evaluation.all();
        }
        if has_failed {
            return Progress::Again;
        }
        self.step(keep)
    }

    /// As of [`Evaluation::supply`].
    pub fn supply(&mut self, supplied: Supply) {
        self.evaluation.supply(supplied);
    }

    /// The tree of what was accepted.
    pub fn finish(self) -> Tree<Kept> {
        self.evaluation.finish()
    }

    /// The same, of what was rendered so far.
    pub fn finish_part(self) -> Tree<Kept> {
        self.evaluation.finish_part()
    }

    /// Renders the own outputs of the candidates, and no others.
    fn try_own(&mut self) {
        self.is_rendering = false;
        self.evaluation.trust(self.trust());
        if matches!(&self.candidates, Candidates::Some(candidates) if candidates.is_empty()) {
            self.is_settled = true;
            if self.first.is_none() {
                return;
            }
        }
        self.evaluation.only(self.candidates.clone());
    }

    /// The candidates among what is tried that cannot be made, with what is wrong: those that fail by themselves;
    /// else those that show others which do; else those that lose their address.
    fn failed(&self) -> Rejections {
        let failed = self.sorted(self.evaluation.failed_own());
        if !failed.is_empty() {
            return failed;
        }
        let is_tried = |key: &SourceKey| self.candidates.contains(key) && !self.is_rejected(key);
        let losers = self.evaluation.world.library.losers.values();
        let losers = losers.filter(|loser| is_tried(&loser.source));
        losers
            .map(|loser| {
                let problems = vec![loser.problem()];
                (
                    loser.source.clone(),
                    self.rejection(&loser.source, problems),
                )
            })
            .collect()
    }

    /// Of what failed, the candidates among what is tried: those that fail by themselves, else the others.
    fn sorted(&self, failed: FileFailures) -> Rejections {
        let (mut own, mut by_others) = (Rejections::new(), Rejections::new());
        for (source, problems) in failed {
            if !self.candidates.contains(&source) || self.is_rejected(&source) {
                continue;
            }
            // What shows a text that cannot be rendered is tried again without that text.
            let shows_failed = problems.iter().all(|problem| problem.code == "stale");
            let list = if shows_failed {
                &mut by_others
            } else {
                &mut own
            };
            let rejection = self.rejection(&source, problems);
            list.entry(source).or_insert(rejection);
        }
        if own.is_empty() { by_others } else { own }
    }

    fn rejection(&self, key: &SourceKey, problems: Vec<Diagnostic>) -> Rejection {
        Rejection {
            problems,
            keeps_earlier: self.candidates.accepted(key).is_some(),
        }
    }

    /// All but what is tried: what went back was accepted with the bytes that it went back to.
    fn trust(&self) -> Trust {
        match &self.candidates {
            Candidates::All => Trust::Nobody,
            Candidates::Some(candidates) => {
                let tried = candidates.keys().filter(|key| !self.is_rejected(key));
                Trust::AllBut(tried.cloned().collect())
            }
        }
    }

    fn is_rejected(&self, key: &SourceKey) -> bool {
        self.rejected.contains_key(key) && !self.retried.contains(key)
    }

    /// Lets those that failed go back, and those with them that link to what is not there any more.
    fn reject(&mut self, failed: Rejections) {
        if let (Some(key), 1) = (self.retried.first(), self.retried.len())
            && let Some(rejection) = failed.get(key)
        {
            *self.hopeless.entry(kind_of(rejection)).or_default() += 1;
        }
        let mut failed = failed;
        failed.extend(self.linking(&failed));
        for (key, mut one) in failed {
            places::find(&mut one.problems, &self.evaluation.world);
            self.retried.remove(&key);
            self.rejected.insert(key, one);
        }
    }

    /// What is tried and links to what failed and has no bytes to go back to, or to what links to it: it would fail
    /// one trial later.
    fn linking(&self, failed: &Rejections) -> Rejections {
        let world = &self.evaluation.world;
        let mut found = Rejections::new();
        let Some(contents) = self.evaluation.contents.as_ref() else {
            return found;
        };
        if world.config.link_checker.internal_level_is_warn() {
            return found;
        }
        let mut links: BTreeMap<&str, Vec<(&SourceKey, &InternalLink)>> = BTreeMap::new();
        for (key, facts) in contents.facts(world) {
            let is_tried = self.candidates.contains(key) && !self.is_rejected(key);
            if !is_tried || failed.contains_key(key) {
                continue;
            }
            for link in &facts.links {
                links.entry(&link.path).or_default().push((key, link));
            }
        }
        let is_gone = |(_, one): &(&SourceKey, &Rejection)| !one.keeps_earlier;
        let gone = failed.iter().filter(is_gone);
        let mut gone: Vec<SourceKey> = gone.map(|(key, _)| key.clone()).collect();
        while let Some(target) = gone.pop() {
            let Some(path) = target.as_str().strip_prefix("content/") else {
                continue;
            };
            // A folder has a section without a file.
            if path.ends_with("_index.md") {
                continue;
            }
            for (key, link) in links.remove(path).into_iter().flatten() {
                if found.contains_key(key) {
                    continue;
                }
                let message =
                    format!("there is no page for the link `@/{path}` yet: it is not published");
                let hint = format!("{target} has errors; once it is published, so is this file");
                let line = line_of_file(&world.library, key, link.line);
                let problem = Diagnostic {
                    lacks: Some(path.into()),
                    ..Diagnostic::error("internal-link", key.as_str(), message)
                };
                let rejection = self.rejection(key, vec![problem.at(line, None).hint(hint)]);
                if !rejection.keeps_earlier {
                    gone.push(key.clone());
                }
                found.insert(key.clone(), rejection);
            }
        }
        found
    }

    /// What went back and is to be tried next beside what was accepted; none where all has been tried.
    fn next(&self) -> Option<BTreeSet<SourceKey>> {
        if self.tried.len() >= MAX_TRIALS {
            return None;
        }
        if self.rejected.is_empty() {
            return None;
        }
        let may_do = |one: &Rejection| {
            let mut problems = one.problems.iter();
            !problems.any(|problem| LACKING.contains(&problem.code.as_str()))
        };
        let open = self.rejected.iter().filter(|(_, one)| may_do(one));
        let open: BTreeSet<SourceKey> = open.map(|(key, _)| key.clone()).collect();
        let mut sources = (*self.sources).clone();
        self.put_back(&mut sources, |_| true);
        let lacks = |key: &SourceKey| {
            let rejected = self.rejected.get(key);
            let problems = rejected.into_iter().flat_map(|one| &one.problems);
            problems.filter_map(|problem| problem.lacks.as_deref())
        };
        let without_lack = |files| sources.without_lack(files, lacks);
        let together = without_lack(open);
        let is_new = |retried: &BTreeSet<SourceKey>| {
            !retried.is_empty() && !self.tried.contains(&self.left_out(retried))
        };
        if is_new(&together) {
            return Some(together);
        }
        // Those first that failed in a way that no other has failed in alone.
        let failed_so = |key: &SourceKey| {
            let kind = self.rejected.get(key).map(kind_of).unwrap_or_default();
            self.hopeless.get(&kind).copied().unwrap_or_default()
        };
        let alone = together.into_iter().map(|key| (failed_so(&key), key));
        let alone = alone.filter(|(times, _)| *times < MAX_OF_A_KIND).sorted();
        let mut alone = alone.map(|(_, key)| BTreeSet::from([key]));
        alone.find(|one| is_new(one) && !without_lack(one.clone()).is_empty())
    }

    /// What is left out of a trial in which these are tried again.
    fn left_out(&self, retried: &BTreeSet<SourceKey>) -> BTreeSet<SourceKey> {
        let rejected = self.rejected.keys();
        rejected
            .filter(|key| !retried.contains(*key))
            .cloned()
            .collect()
    }

    fn is_new_trial(&self) -> bool {
        self.tried.len() < MAX_TRIALS && !self.tried.contains(&self.left_out(&self.retried))
    }

    fn begin_trial(&mut self) {
        self.tried.insert(self.left_out(&self.retried));
        self.again();
    }

    /// Lets everything go back that was not accepted when nothing failed last; all that is tried where something
    /// always did.
    fn go_back_to_good(&mut self) {
        self.retried.clear();
        if let Some(good) = &self.good {
            self.rejected.clone_from(good);
            return;
        }
        let world = &self.evaluation.world;
        let pages = world.library.pages.iter().map(|page| &page.place.key);
        let sections = world.library.sections.iter();
        let all = pages.chain(sections.map(|section| &section.place.key));
        let tried = all.filter(|key| self.candidates.contains(key) && !self.is_rejected(key));
        let tried: Vec<SourceKey> = tried.cloned().collect();
        for key in tried {
            let message = format!(
                "more than {MAX_TRIALS} sets of pages were tried, and something failed in each"
            );
            let problem = Diagnostic::error("rounds", key.as_str(), message);
            let rejection = self.rejection(&key, vec![problem]);
            self.rejected.insert(key, rejection);
        }
    }

    /// Lets those that went back do so.
    fn put_back(&self, sources: &mut Sources, is_wanted: impl Fn(&SourceKey) -> bool) {
        for (key, one) in self.rejected.iter().filter(|(key, _)| is_wanted(key)) {
            sources.reject(key, self.candidates.accepted(key), &one.problems);
        }
    }

    /// Begins again with the rejected ones gone back.
    fn again(&mut self) {
        let mut sources = (*self.sources).clone();
        self.put_back(&mut sources, |key| self.is_rejected(key));
        let site = PreparedSite::up_to(Arc::new(sources), self.settings.clone(), self.up_to);
        // Content has no say in whether there is a configuration.
        if let Ok(site) = site {
            self.evaluation.begin_again(site);
        }
        self.try_own();
    }
}

//! What people see in the terminal. All of it goes to standard error; colours respect `NO_COLOR`
//! and terminals that have none (crate `anstream`).

mod published;
pub use published::url;

use crate::excerpt::{self, Look, Texts};
use crate::out::say;
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use published::PublishReport;
use quillfront_publish::bucket::{Progress, Step};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::report::{Action, Kind, OutputReport, Report, SourceChanges};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub const GREEN: Style = AnsiColor::Green.on_default();
pub const YELLOW: Style = AnsiColor::Yellow.on_default();
pub const RED: Style = AnsiColor::Red.on_default();
pub const CYAN: Style = AnsiColor::Cyan.on_default();
pub const DIM: Style = Style::new().dimmed();
pub const BOLD: Style = Style::new().bold();

/// Outputs that are listed one by one; of more, the number is told.
const MAX_LISTED: usize = 12;
/// Names of outputs that are longer push the reason out of its column.
const MAX_SUBJECT: usize = 48;
/// Diagnostics that are told; of more, the number.
const MAX_DIAGNOSTICS: usize = 50;

/// Less work than this is done before anybody could read of it.
const WORTH_A_BAR: usize = 100;

/// Shows long work while it is under way; nothing where standard error is no terminal.
pub fn progress() -> Progress {
    let bar = bar(0);
    Arc::new(move |step| match step {
        Step::Reading(count) if count >= WORTH_A_BAR => begin(&bar, "reading  ", count),
        Step::Rendering(count) if count >= WORTH_A_BAR => begin(&bar, "rendering", count),
        Step::Putting(done, all) if all >= WORTH_A_BAR && done < all => {
            begin(&bar, "putting  ", all);
            bar.set_position(done as u64);
        }
        Step::Putting(..) => bar.finish_and_clear(),
        Step::Reading(_) | Step::Rendering(_) => {}
        Step::Waiting(why) => bar.suspend(|| note(why)),
    })
}

/// A bar of `length` steps; nothing where standard error is no terminal.
pub fn bar(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}

fn begin(bar: &ProgressBar, what: &'static str, length: usize) {
    bar.reset();
    bar.set_message(what);
    bar.set_length(length as u64);
    bar.tick();
}

/// The end of a command that failed.
pub fn failure(error: &anyhow::Error) {
    say!("{RED}error{RED:#}: {error:#}");
}

/// A line for the one who watches.
pub fn note(text: &str) {
    say!("{DIM}{text}{DIM:#}");
}

/// A line that should not be overlooked.
pub fn warning(text: &str) {
    say!("{YELLOW}warning{YELLOW:#}: {text}");
}

/// What to tell the author, with lines of the files where `texts` has them: errors, then
/// warnings, file by file.
pub fn diagnostics(list: &[Diagnostic], texts: &Texts) {
    let look = Look::of_this_terminal();
    for problem in told(list) {
        let text = texts.get(&problem.file).map(String::as_str);
        say!("{}", excerpt::draw(problem, text, look));
    }
    if let Some(more) = list
        .len()
        .checked_sub(MAX_DIAGNOSTICS)
        .filter(|more| *more > 0)
    {
        say!("{DIM}and {more} more{DIM:#}");
    }
}

/// The sources whose current bytes are not published, and what is in their place.
pub fn standing(sources: &SourceChanges) {
    for line in stands(sources) {
        say!("{YELLOW}{}{YELLOW:#} {}", line.stand, line.sources);
    }
}

/// What stands in the place of some sources.
pub struct Stand {
    /// `not published`, `published as of 2026-11-28 14:03 UTC`.
    pub stand: String,
    /// Those of which it is said, or how many.
    pub sources: String,
}

/// One line for each source, as far as anybody reads them.
pub fn stands(sources: &SourceChanges) -> Vec<Stand> {
    let waiting = sources.waiting.iter();
    let waiting = waiting.map(|key| ("not published".to_owned(), key));
    let kept = sources.kept.iter().map(|key| {
        let since = sources.since.get(key);
        let since = since.and_then(|since| since.parse::<Timestamp>().ok());
        let stand = match since {
            Some(since) => format!("published as of {}", since.strftime("%Y-%m-%d %H:%M UTC")),
            None => "an earlier version is published".to_owned(),
        };
        (stand, key)
    });
    let mut lines: Vec<Stand> = waiting
        .chain(kept)
        .take(MAX_LISTED)
        .map(|(stand, key)| Stand {
            stand,
            sources: key.clone(),
        })
        .collect();
    let all = sources.waiting.len() + sources.kept.len();
    if let Some(more) = all.checked_sub(MAX_LISTED).filter(|more| *more > 0) {
        lines.push(Stand {
            stand: "and".to_owned(),
            sources: format!("{more} more files"),
        });
    }
    lines
}

/// The diagnostics that are told, in order; those of them that name a line are worth a text.
pub fn told(list: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = list.iter().collect();
    sorted.sort_by_key(|problem| {
        (
            problem.severity,
            &problem.file,
            problem.line,
            problem.column,
        )
    });
    sorted.truncate(MAX_DIAGNOSTICS);
    sorted
}

/// `2 errors, 1 warning`; none where all is well.
pub fn counted(list: &[Diagnostic]) -> Option<String> {
    let errors = list.iter().filter(|problem| problem.is_error()).count();
    let some = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let counts = [some(errors, "error"), some(list.len() - errors, "warning")];
    let told: Vec<String> = counts.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// The end of `build`.
pub fn built(report: &Report, out: &Path, took: Duration) {
    let Report { counts, .. } = report;
    let is_same = |output: &&OutputReport| output.actions.contains(&Action::Unchanged);
    let mut left = match report.outputs.iter().filter(is_same).count() {
        0 => String::new(),
        same => format!("; {same} were already the same"),
    };
    if counts.stale > 0 {
        left.push_str(&format!("; {} could not be generated", counts.stale));
    }
    match report.sources.waiting.len() {
        0 => {}
        1 => left.push_str("; 1 file is not published"),
        more => left.push_str(&format!("; {more} files are not published")),
    }
    if let Some(counted) = counted(&report.diagnostics) {
        left.push_str(&format!(" ({counted})"));
    }
    let failed = counts.stale > 0 || report.diagnostics.iter().any(Diagnostic::is_error);
    let (out, took) = (out.display(), duration(took.as_millis() as u64));
    let removed = match counts.deleted {
        0 => String::new(),
        1 => ", 1 removed".to_owned(),
        more => format!(", {more} removed"),
    };
    match (counts.uploaded + counts.deleted, failed) {
        (0, true) => say!("{YELLOW}nothing built{YELLOW:#} into {out} in {took}{left}"),
        (0, false) => note(&format!("{out} is up to date; checked in {took}{left}")),
        (_, failed) => {
            let style = if failed { YELLOW } else { GREEN };
            let files = match counts.uploaded {
                1 => "1 file".to_owned(),
                more => format!("{more} files"),
            };
            say!("{style}built{style:#} {files} into {out}{removed} in {took}{left}");
        }
    }
}

/// The end of `check`.
pub fn checked(files: usize, links: usize, list: &[Diagnostic], took: Duration) {
    let (style, found) = match counted(list) {
        None => (GREEN, "no mistake".to_owned()),
        Some(counted) => (YELLOW, counted),
    };
    let links = match links {
        0 => String::new(),
        1 => " and 1 external link".to_owned(),
        _ => format!(" and {links} external links"),
    };
    say!(
        "{style}checked{style:#} {files} files{links} in {}: {found}",
        duration(took.as_millis() as u64)
    );
}

/// One build of `serve` or `handle`, of a site at an address.
pub fn report(report: &Report, texts: &Texts, address: &str) {
    diagnostics(&report.diagnostics, texts);
    standing(&report.sources);
    if report.stopped {
        note("time ran out; the next event or reconcile continues");
    } else if report.deferred {
        note("another builder is at work; the changes were left to it");
        return;
    }
    if let Some(why) = &report.invalidations.owed {
        warning(&format!(
            "CloudFront did not accept the invalidation; it will be retried: {why}"
        ));
    }
    if let Some(reason) = &report.held {
        say!("{YELLOW}held{YELLOW:#} a change waits: {reason}");
        say!(
            "  {CYAN}help{CYAN:#}: `quillfront approve` lets it through; uploading the files again drops it"
        );
    }
    if report.kind == Kind::None {
        if let Some(removed) = published::thumbnails(report) {
            note(&format!(
                "removed {removed} of pictures that are others by now, or gone"
            ));
        }
        return;
    }
    published(report, address);
    outputs(report);
}

/// What a build published, and why.
fn published(report: &Report, address: &str) {
    let took = duration(report.ms.get("total").copied().unwrap_or(0));
    let Some(published) = PublishReport::of(report, address) else {
        let failed = published::failed(report);
        let has_errors = report.diagnostics.iter().any(Diagnostic::is_error);
        match failed {
            None if !has_errors => {
                let rendered = report.counts.rendered;
                note(&format!(
                    "nothing to publish: nothing changed ({rendered} rendered, {took})"
                ));
            }
            failed => {
                let failed = failed.map_or(String::new(), |failed| format!("; {failed}"));
                say!("{YELLOW}nothing published{YELLOW:#}{failed} {DIM}({took}){DIM:#}");
            }
        }
        return;
    };
    let style = match published.failed {
        Some(_) => YELLOW,
        None => GREEN,
    };
    let line = published.line(|first| format!("{CYAN}{first}{CYAN:#}"));
    let word = match published.first {
        Some(_) => "published ",
        None => "",
    };
    say!("{style}{word}{style:#}{line} {DIM}({took}){DIM:#}");
    if let Some(because) = &published.because {
        say!("  {DIM}because {because}{DIM:#}");
    }
}

/// How wide the names of some outputs are: reasons begin in one column, unless a name is longer.
pub fn subject_width<'a>(keys: impl Iterator<Item = &'a str>) -> usize {
    let widths = keys.map(|key| key.chars().count() + 1);
    widths.max().unwrap_or(0).min(MAX_SUBJECT)
}

/// What was, or would be, done to an output, and apart from that why.
pub fn output(key: &str, actions: &[Action], because: &[String], width: usize) {
    let (style, sign) = match actions.last() {
        Some(Action::Deleted) => (RED, '-'),
        Some(Action::Stale) => (YELLOW, '!'),
        Some(Action::Unreferenced) => (DIM, '~'),
        _ => (GREEN, '+'),
    };
    let subject = format!("/{key}");
    let because = match because {
        [] => String::new(),
        reasons => format!("  {DIM}because {}{DIM:#}", reasons.join(", ")),
    };
    say!("  {style}{sign}{style:#} {subject:width$}{because}");
}

/// What a build did to each object.
pub fn outputs(report: &Report) {
    let told = |output: &&OutputReport| !output.actions.contains(&Action::Unchanged);
    let listed: Vec<&OutputReport> = report.outputs.iter().filter(told).collect();
    let shown = &listed[..listed.len().min(MAX_LISTED)];
    let width = subject_width(shown.iter().map(|output| output.key.as_str()));
    for OutputReport {
        key,
        actions,
        because,
        ..
    } in shown
    {
        output(key, actions, because, width);
    }
    if let Some(more) = listed
        .len()
        .checked_sub(MAX_LISTED)
        .filter(|more| *more > 0)
    {
        say!("  {DIM}… and {more} more{DIM:#}");
    }
}

/// The line that serves a site, for the reader to paste.
pub fn serve_line(root: &Path) -> String {
    format!("{} --root {} serve", command(), for_shell(root))
}

/// How the reader has called this command, so that it can be called so again: through Cargo, which names the package
/// to the programs that it runs, or by its path.
fn command() -> String {
    let package = std::env::var_os("CARGO_PKG_NAME");
    if package.is_some_and(|package| package == env!("CARGO_PKG_NAME")) {
        let profile = if cfg!(debug_assertions) {
            ""
        } else {
            "--release "
        };
        return format!("cargo run {profile}--");
    }
    let called = std::env::args_os().next();
    called.map_or_else(
        || env!("CARGO_PKG_NAME").to_owned(),
        |path| for_shell(Path::new(&path)),
    )
}

/// A path as a shell takes it: in quotes where it has more than plain characters.
pub fn for_shell(path: &Path) -> String {
    let text = path.display().to_string();
    // Not an option.
    let text = if text.starts_with('-') {
        format!("./{text}")
    } else {
        text
    };
    let is_plain = |c: char| c.is_alphanumeric() || "/\\:._-+,@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) && (cfg!(windows) || !text.contains('\\')) {
        return text;
    }
    if cfg!(windows) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// 84 ms, 2.3 s.
pub fn duration(ms: u64) -> String {
    if ms < 1_000 {
        format!("{ms} ms")
    } else {
        format!("{:.1} s", ms as f64 / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        for (path, expected) in [
            ("blog", "blog"),
            ("/home/a/b-c_1.2", "/home/a/b-c_1.2"),
            ("größe", "größe"),
            ("my blog!", "'my blog!'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("-n", "./-n"),
            ("a\\b", "'a\\b'"),
            ("", "''"),
        ] {
            assert_eq!(for_shell(Path::new(path)), expected);
        }
    }
}

//! What people see in the terminal. All of it goes to standard error; colours respect `NO_COLOR`
//! and terminals that have none (crate `anstream`).

use crate::excerpt::{self, Look, Texts};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use quillfront_builder::diagnostic::Diagnostic;
use quillfront_builder::publish::{Progress, Step};
use quillfront_builder::report::{Action, Kind, OutputReport, Report};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// As `eprintln!`, in colours where there are any, but what cannot be written (the log lies on a
/// full disk, the reader is gone) is no reason to fail.
macro_rules! eprintln {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(anstream::stderr().lock(), $($argument)*);
    }};
}

pub const GREEN: Style = AnsiColor::Green.on_default();
pub const YELLOW: Style = AnsiColor::Yellow.on_default();
pub const RED: Style = AnsiColor::Red.on_default();
pub const CYAN: Style = AnsiColor::Cyan.on_default();
pub const DIM: Style = Style::new().dimmed();
pub const BOLD: Style = Style::new().bold();

/// Outputs that are listed one by one; of more, the number is told.
const MAX_LISTED: usize = 12;
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
    eprintln!("{RED}error{RED:#}: {error:#}");
}

/// A line for the one who watches.
pub fn note(text: &str) {
    eprintln!("{DIM}{text}{DIM:#}");
}

/// A line that should not be overlooked.
pub fn warning(text: &str) {
    eprintln!("{YELLOW}warning{YELLOW:#}: {text}");
}

/// What to tell the author, with lines of the files where `texts` has them: errors, then
/// warnings, file by file.
pub fn diagnostics(list: &[Diagnostic], texts: &Texts) {
    let look = Look::of_this_terminal();
    for problem in told(list) {
        let text = texts.get(&problem.file).map(String::as_str);
        eprintln!("{}", excerpt::draw(problem, text, look));
    }
    if let Some(more) = list
        .len()
        .checked_sub(MAX_DIAGNOSTICS)
        .filter(|more| *more > 0)
    {
        eprintln!("{DIM}and {more} more{DIM:#}");
    }
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
    let stale = report.counts.stale;
    let is_same = |output: &&OutputReport| output.actions.contains(&Action::Unchanged);
    let same = report.outputs.iter().filter(is_same).count() as u64;
    let others = [
        (same, "were the same already"),
        (report.counts.deleted, "removed"),
        (stale, "could not be made"),
    ];
    let mut left_out = String::new();
    for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
        left_out.push_str(&format!("; {count} {what}"));
    }
    if let Some(counted) = counted(&report.diagnostics) {
        left_out.push_str(&format!(" ({counted})"));
    }
    let (style, word) = if stale > 0 {
        (YELLOW, "built")
    } else {
        (GREEN, "built")
    };
    eprintln!(
        "{style}{word}{style:#} {} files into {} in {}{left_out}",
        report.counts.uploaded,
        out.display(),
        duration(took.as_millis() as u64)
    );
}

/// The end of `check`.
pub fn checked(files: usize, links: usize, list: &[Diagnostic], took: Duration) {
    let (style, found) = match counted(list) {
        None => (GREEN, "no mistake".to_owned()),
        Some(counted) => (YELLOW, counted),
    };
    let links = match links {
        0 => String::new(),
        1 => " and 1 link to elsewhere".to_owned(),
        _ => format!(" and {links} links to elsewhere"),
    };
    eprintln!(
        "{style}checked{style:#} {files} files{links} in {}: {found}",
        duration(took.as_millis() as u64)
    );
}

/// One build of `serve` or `handle`.
pub fn report(report: &Report, texts: &Texts) {
    diagnostics(&report.diagnostics, texts);
    if report.stopped {
        note("time ran out; the next event or reconcile goes on");
    } else if report.deferred {
        note("another builder is at work; it was left the changes");
        return;
    }
    if let Some(why) = &report.invalidations.owed {
        warning(&format!(
            "CloudFront did not take the invalidation, which is tried again: {why}"
        ));
    }
    if let Some(reason) = &report.held {
        eprintln!("{YELLOW}held{YELLOW:#} a change waits: {reason}");
        eprintln!(
            "  {CYAN}help{CYAN:#}: `quillfront approve` lets it through; uploading the files again drops it"
        );
    }
    if report.kind == Kind::None {
        return;
    }
    let counts = &report.counts;
    let mut parts = vec![format!("{} uploaded", counts.uploaded)];
    if counts.deleted > 0 {
        parts.push(format!("{} deleted", counts.deleted));
    }
    if counts.stale > 0 {
        parts.push(format!(
            "{} could not be made and stay as they were",
            counts.stale
        ));
    }
    let took = duration(report.ms.get("total").copied().unwrap_or(0));
    eprintln!(
        "{GREEN}published{GREEN:#} {} {DIM}of {} rendered, in {took}{DIM:#}{}",
        parts.join(", "),
        counts.rendered,
        because_of(report)
    );
    outputs(report);
}

/// What a build did to each object.
pub fn outputs(report: &Report) {
    let told = |output: &&OutputReport| !output.actions.contains(&Action::Unchanged);
    let listed: Vec<&OutputReport> = report.outputs.iter().filter(told).collect();
    for output in listed.iter().take(MAX_LISTED) {
        let (style, sign) = match output.actions.last() {
            Some(Action::Deleted) => (RED, '-'),
            Some(Action::Stale) => (YELLOW, '!'),
            Some(Action::Unreferenced) => (DIM, '~'),
            _ => (GREEN, '+'),
        };
        let because = output.because.join(", ");
        eprintln!(
            "  {style}{sign}{style:#} /{} {DIM}{because}{DIM:#}",
            output.key
        );
    }
    if let Some(more) = listed
        .len()
        .checked_sub(MAX_LISTED)
        .filter(|more| *more > 0)
    {
        eprintln!("  {DIM}… and {more} more{DIM:#}");
    }
}

fn because_of(report: &Report) -> String {
    let sources = &report.sources;
    let count = sources.added.len() + sources.changed.len() + sources.removed.len();
    let words = [
        (sources.added.len(), "added"),
        (sources.changed.len(), "changed"),
        (sources.removed.len(), "removed"),
    ];
    let told: Vec<String> = words
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    if count == 0 {
        String::new()
    } else {
        format!(" {DIM}(sources: {}){DIM:#}", told.join(", "))
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

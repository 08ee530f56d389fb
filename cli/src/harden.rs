//! `quillfront harden`: mends what the audit finds, and takes it back.

mod file;
mod text;

use crate::args;
use crate::audit::{named, read_waivers, today};
use crate::exit::{self, UsageError};
use crate::out::say;
use crate::{out, serve, show};
use anyhow::{Context, Result, anyhow};
use quillfront_audit::checks::CHECKS;
use quillfront_audit::finding::Report;
use quillfront_audit::harden::{Choice, Plan, plan};
use quillfront_audit::observed::Observed;
use quillfront_audit::waivers::Waiver;
use quillfront_aws::Aws;
use quillfront_harden::saved::Saved;
use quillfront_harden::{HardenError, Patience};
use quillfront_observe::{Found, Reach};
use serde_json::json;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use text::Changes;

pub fn run(options: args::Harden) -> Result<u8> {
    let runtime = serve::runtime()?;
    if let Some(file) = &options.rollback {
        return runtime.block_on(roll_back(file, &options));
    }
    for id in options.only.iter().chain(&options.skip) {
        if !CHECKS.iter().any(|check| check.id == id) {
            return Err(UsageError(format!(
                "there is no check `{id}`; the manual's page “Auditing” lists them"
            ))
            .into());
        }
    }
    runtime.block_on(harden(&options))
}

/// A distribution as it is, and what the audit says of it.
struct Look {
    observed: Observed,
    report: Report,
}

async fn look(aws: &Aws, options: &args::Harden, id: &str, waivers: &[Waiver]) -> Look {
    let reach = if options.api_only {
        Reach::ApiOnly
    } else {
        Reach::Everything
    };
    let target = options.target.as_deref().unwrap_or(id);
    let observed = quillfront_observe::observe(aws, target, id, today(), reach).await;
    let report = quillfront_audit::audit(&observed, waivers);
    Look { observed, report }
}

async fn harden(options: &args::Harden) -> Result<u8> {
    let waivers = read_waivers(options.waivers.as_deref())?;
    let target = named(options.target.as_deref().unwrap_or_default())?;
    let aws = Aws::connect(None).await?;
    let found = quillfront_observe::find(&aws, &target).await;
    let id = match found.map_err(|reason| anyhow!("{reason}"))? {
        Found::Distribution(id) => id,
        Found::Foreign => {
            return Err(UsageError(format!(
                "no distribution of this account has the name `{target}`"
            ))
            .into());
        }
    };
    let before = look(&aws, options, &id, &waivers).await;
    let Some(arn) = before.observed.arn.clone() else {
        let reason = before
            .observed
            .distribution
            .get()
            .err()
            .map(ToString::to_string);
        return Err(anyhow!(
            "{id}: {}",
            reason.unwrap_or_else(|| "it has no ARN".to_owned())
        ));
    };
    let choice = Choice {
        only: options.only.clone(),
        skip: options.skip.clone(),
        certificate: options.certificate.clone(),
        web_acl: options.web_acl.clone(),
    };
    let plan = plan(&before.observed, &before.report, &choice);
    if !options.json {
        say!(
            "{}",
            Changes {
                target: &before.report.target,
                plan: &plan
            }
        );
    }
    if plan.changes.is_empty() {
        return done(options, &plan, &before.report, None, 0);
    }
    if !is_wanted(options, plan.changes.len())? {
        return Ok(exit::GOOD);
    }
    let file = options.save.clone().unwrap_or_else(|| file::name(&id));
    let mut saved = Saved::new(&arn);
    let mut keep = |saved: &Saved| {
        file::write(&file, saved)
            .map_err(|error| HardenError::Save(format!("{}: {error}", file.display())))
    };
    keep(&saved)?;
    let writes = quillfront_harden::apply(
        &aws,
        &plan.changes,
        &mut saved,
        Patience::default(),
        &mut keep,
    )
    .await;
    let writes = writes.with_context(|| {
        format!(
            "what was changed until here can be taken back: quillfront harden --rollback {}",
            file.display()
        )
    })?;
    let after = look(&aws, options, &id, &waivers).await;
    done(
        options,
        &plan,
        &before.report,
        Some((&after.report, &file)),
        writes,
    )
}

fn done(
    options: &args::Harden,
    plan: &Plan,
    before: &Report,
    after: Option<(&Report, &PathBuf)>,
    writes: usize,
) -> Result<u8> {
    if options.json {
        let count = |report: &Report| {
            report
                .findings
                .iter()
                .filter(|f| f.waived.is_none())
                .count()
        };
        let told = |report: &Report| json!({ "score": report.score, "findings": count(report) });
        out::json(&json!({
            "target": before.target,
            "changes": text::json(&plan.changes),
            "held": text::json(&plan.held),
            "writes": writes,
            "before": told(before),
            "after": after.map(|(report, _)| told(report)),
            "saved": after.map(|(_, file)| file),
        }))?;
    } else if let Some((report, file)) = after {
        say!(
            "{}",
            text::Outcome {
                before,
                after: report,
                writes
            }
        );
        show::note(&format!(
            "to take it back: quillfront harden --rollback {}",
            show::for_shell(file)
        ));
    }
    Ok(exit::GOOD)
}

/// Asks, unless `--yes` was given.
fn is_wanted(options: &args::Harden, count: usize) -> Result<bool> {
    if options.yes {
        return Ok(true);
    }
    if options.json || !std::io::stdin().is_terminal() {
        return Err(UsageError(format!("{count} changes wait for --yes")).into());
    }
    let term = console::Term::stderr();
    term.write_str(&format!("make these {count} changes? [y/N] "))?;
    let answer = term.read_line()?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn roll_back(file: &Path, options: &args::Harden) -> Result<u8> {
    let saved = file::read(file)?;
    say!("{}", text::Back(&saved));
    if !is_wanted(
        options,
        saved.texts.len() + saved.calls.len() + saved.created.len(),
    )? {
        return Ok(exit::GOOD);
    }
    let aws = Aws::connect(None).await?;
    let writes =
        quillfront_harden::rollback(&aws, &saved, options.overwrite, Patience::default()).await?;
    if options.json {
        out::json(&json!({ "distribution": saved.id(), "writes": writes }))?;
    } else {
        say!("{} is as it was: {writes} writes", saved.id());
    }
    Ok(exit::GOOD)
}

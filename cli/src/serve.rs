//! `quillfront serve`: everything on one machine.
//!
//! The story: open the data folder, bind the addresses, start S3 and the web server, put the
//! site's folder into the source bucket, reconcile once, then handle batches of events until
//! Ctrl-C. Each part runs as a task; the first that ends ends the command.

mod functions;
mod problems;
mod queue;

use crate::args::{self, Global};
use crate::connect::{READY_FILE, Ready, data_folder};
use crate::exit::{self, UsageError};
use crate::handle::texts_of;
use crate::interrupt::{abandon, block_on, interrupted};
use crate::listen::{Wish, listen};
use crate::out::{self, say};
use crate::show::{self, BOLD, CYAN, DIM, GREEN};
use crate::sync;
use anyhow::{Context, Result, anyhow};
use functions::Functions;
use jiff::Timestamp;
use quillfront_local::functions::Function;
use quillfront_local::gather::Gatherer;
use quillfront_local::s3::{self, Credentials, Store};
use quillfront_local::site::{self, Site, SiteOptions};
use quillfront_publish::bucket::root::ROOT_KEY;
use quillfront_publish::bucket::store::Place;
use quillfront_publish::bucket::{Builder, Options};
use quillfront_publish::handler;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::report::{Kind, Report, SourceChanges};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

const SOURCE: &str = "source";
const SITE: &str = "site";
const STATE: &str = "state";
const REGION: &str = "us-east-1";
const ACCESS_KEY: &str = "quillfront";
const DISTRIBUTION: &str = "LOCAL";
/// Where the site is served unless something else is asked for.
const HTTP_PORT: u16 = 8080;
/// Where S3 is.
const S3_PORT: u16 = 9000;
/// Both buckets are compared with the state this often; dates in templates move on then.
const RECONCILE_EVERY: Duration = Duration::from_secs(60 * 60);
/// The clock is looked at this often while a post waits for its time: it may be set, and the
/// machine may sleep. A post that could not be published in time is tried again after as long.
const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_secs(60);
/// An infrastructure failure is tried again after this.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The threads that commands work on.
///
/// # Errors
/// The system gives none.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

pub fn run(global: &Global, options: args::Serve) -> Result<u8> {
    if let Some(way_out) = options.zola.meaningless() {
        return Err(UsageError(way_out.to_owned()).into());
    }
    block_on(serve(global, options))
}

async fn serve(global: &Global, options: args::Serve) -> Result<u8> {
    let root = &global.root;
    if !root.is_dir() {
        return Err(UsageError(format!("{} is not a folder", root.display())).into());
    }
    if let Some(folder) = &options.functions {
        functions::check(folder, global, &options)?;
    }
    let data = data_folder(root, options.data.as_deref());
    std::fs::create_dir_all(&data).with_context(|| data.display().to_string())?;
    quillfront_local::net::raise_descriptor_limit();
    let store = Store::open(data.join("s3")).await?;
    for bucket in [SOURCE, SITE, STATE] {
        quillfront_infra::bucket::check_name(bucket)?;
        store.create_bucket(bucket).await?;
    }
    make_damaged_again(&store).await?;
    let http = match &options.http {
        Some(address) => Wish::exactly(address.clone()),
        None => Wish::of(options.interface, options.port, HTTP_PORT),
    };
    let s3_wish = match &options.s3 {
        Some(address) => Wish::exactly(address.clone()),
        None => Wish::of(None, None, S3_PORT),
    };
    let http = listen(&http, "--http").await?;
    let s3_listener = listen(&s3_wish, "--s3").await?;
    let control = listen(&Wish::of(None, Some(0), 0), "the CloudFront API").await?;
    for (flag, listening) in [("--http", &http), ("--s3", &s3_listener)] {
        if let Some(taken) = listening.taken {
            let address = &listening.address;
            show::note(&format!(
                "another program is using port {taken}; this one uses {address} ({flag} chooses a \
                 port)"
            ));
        }
    }
    let site_url = format!("http://{}", http.address);
    let ready = Ready {
        base_url: options.base_url.clone().unwrap_or_else(|| site_url.clone()),
        drafts: options.drafts,
        site: site_url,
        s3: format!("http://{}", s3_listener.address),
        cloudfront: format!("http://{}", control.address),
        access_key: ACCESS_KEY.to_owned(),
        secret_key: secret_key(&data)?,
        region: REGION.to_owned(),
        source: SOURCE.to_owned(),
        site_bucket: SITE.to_owned(),
        state: STATE.to_owned(),
        distribution: DISTRIBUTION.to_owned(),
    };

    let (stop, stopped) = watch::channel(false);
    let until_stopped = || {
        let mut stopped = stopped.clone();
        async move {
            // A closed channel means the same as a stop.
            let _closed = stopped.wait_for(|stop| *stop).await;
        }
    };
    let credentials = Credentials {
        access_key: ready.access_key.clone(),
        secret_key: ready.secret_key.clone(),
    };
    let site_options = SiteOptions {
        bucket: SITE.to_owned(),
        distribution_id: DISTRIBUTION.to_owned(),
        live_reload: !options.no_reload,
        image_keys: crate::image_key::keys()?,
    };
    let functions = match &options.functions {
        Some(folder) => Functions::open(folder, &data, &ready, &options)?,
        None => Functions::default(),
    };
    let thumbnail = functions.thumbnail.clone();
    let site = Site::with_thumbnail_function(store.clone(), site_options, thumbnail);
    let events = store.subscribe(SOURCE);
    let mut servers = tokio::task::JoinSet::new();
    servers.spawn(s3::serve(
        store.clone(),
        s3_listener.socket,
        credentials,
        until_stopped(),
    ));
    servers.spawn(site::serve(site.router(), http.socket, until_stopped()));
    servers.spawn(site::serve(
        site.cloudfront_router(),
        control.socket,
        until_stopped(),
    ));

    let building = Options {
        now: global.now,
        // Its leases are ended here, so they have the name that the builder function gives them.
        holder: match functions.builder {
            Some(_) => Options::default().holder,
            None => "serve".to_owned(),
        },
        // The site reads its rules for each request.
        rules_delay: Duration::ZERO,
        ..Options::default()
    };
    let client = ready.s3_client(&building);
    let mut builder = ready.builder(building);
    if !options.json {
        builder = builder.with_progress(show::progress());
    }
    let mut serving = Serving {
        builder,
        function: functions.builder.clone(),
        builders: options.builders,
        site,
        address: ready.site.clone(),
        fixed_now: global.now.is_some(),
        json: options.json,
        told: Mutex::default(),
        stand: Mutex::default(),
    };
    // The data folder is ours alone, so whoever held the lease is dead.
    if let Err(error) = serving.builder.end_own_lease().await {
        show::warning(&format!("{error}; this is retried with the first build"));
    }
    if let Err(error) = write_ready(&data, &ready) {
        // Better none than one that is cut off, or of an earlier start.
        std::fs::remove_file(data.join(READY_FILE)).ok();
        show::warning(&format!(
            "{error:#}; other commands will not find this server"
        ));
    }
    greet(&ready, &serving, root)?;
    if options.open {
        open_browser(&ready.site);
    }

    let mut folder = sync::Folder::open(root, &data, client, SOURCE)?;
    folder.put_again(|key| store.was_lost(SOURCE, key));
    let outcome = tokio::select! {
        outcome = serving.publish(&mut folder, events, options.no_watch) => outcome,
        ended = servers.join_next() => Err(match ended {
            Some(Ok(Ok(()))) | None => anyhow!("a server stopped unexpectedly"),
            Some(Ok(Err(error))) => error.into(),
            Some(Err(error)) => error.into(),
        }),
        signal = interrupted() => signal.map(|_| {
            show::note("stopping");
        }),
    };
    functions.shutdown().await;
    // Whatever ended it, a run that was under way is no death.
    abandon(&serving.builder).await;
    let _nobody_waits = stop.send(true);
    while let Some(ended) = servers.join_next().await {
        ended??;
    }
    // Left behind by a crash it does no harm: nobody answers at its addresses.
    std::fs::remove_file(data.join(READY_FILE)).ok();
    outcome.map(|()| exit::GOOD)
}

/// What the builder has made it can make again, so that damage on the disk is no reason to stop. Of
/// its state, what is damaged goes, and the root with it: the builder begins anew. What is lost of the
/// site is put again by the reconcile at the start.
async fn make_damaged_again(store: &Store) -> Result<()> {
    store.forget_lost(SITE).await?;
    let lost = store.forget_lost(STATE).await?;
    let damaged = store.set_damaged_aside(STATE).await?;
    if damaged.is_empty() && !lost {
        return Ok(());
    }
    store.set_aside(STATE, ROOT_KEY).await?;
    show::warning("the builder's state was damaged on the disk; it is rebuilt from the sources");
    Ok(())
}

/// The secret key of this data folder, made at its first start.
fn secret_key(data: &Path) -> Result<String> {
    let path = data.join("secret-key");
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
        // There is none, or none that could be one.
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => {}
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    }
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no random bytes: {error}"))?;
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    write_private(&path, secret.as_bytes())?;
    Ok(secret)
}

fn write_ready(data: &Path, ready: &Ready) -> Result<()> {
    write_private(&data.join(READY_FILE), &serde_json::to_vec_pretty(ready)?)
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    written.with_context(|| path.display().to_string())
}

fn greet(ready: &Ready, serving: &Serving, root: &Path) -> Result<()> {
    if serving.json {
        return out::json(ready);
    }
    let Ready {
        site,
        s3,
        access_key,
        secret_key,
        region,
        ..
    } = ready;
    say!(
        "\n  {BOLD}Quillfront{BOLD:#} serves {}\n\n  \
         {GREEN}site{GREEN:#}     {CYAN}{site}{CYAN:#}\n  \
         {GREEN}S3{GREEN:#}       {CYAN}{s3}{CYAN:#}   {DIM}buckets: {SOURCE} (upload here), {SITE}, {STATE}{DIM:#}\n  \
         {GREEN}keys{GREEN:#}     {access_key} / {secret_key}   {DIM}region {region}{DIM:#}\n\n  \
         Upload a post:\n\n    \
         {BOLD}AWS_ACCESS_KEY_ID={access_key} AWS_SECRET_ACCESS_KEY={secret_key} AWS_DEFAULT_REGION={region} \
         aws --endpoint-url {s3} s3 cp post.md s3://{SOURCE}/content/blog/post.md{BOLD:#}\n\n  \
         {DIM}or edit a file in the folder; Ctrl-C stops{DIM:#}\n",
        root.canonicalize()
            .unwrap_or_else(|_| root.to_owned())
            .display(),
    );
    Ok(())
}

/// Waits until it is `due`; for ever where nothing is.
async fn until(due: Option<Timestamp>) {
    let Some(due) = due else {
        return std::future::pending().await;
    };
    loop {
        let left = due.as_millisecond() - Timestamp::now().as_millisecond();
        let Ok(left @ 1..) = u64::try_from(left) else {
            // Milliseconds are cut off, not rounded.
            return tokio::time::sleep(Duration::from_millis(1)).await;
        };
        tokio::time::sleep(Duration::from_millis(left).min(LOOK_AT_CLOCK_EVERY)).await;
    }
}

/// Opens an address with what the system opens addresses with.
fn open_browser(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let mut command = std::process::Command::new(program);
    command.arg(url);
    command.stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    if let Err(error) = command.spawn() {
        show::warning(&format!("could not open a browser ({program}: {error})"));
    }
}

/// Why an event was not handled.
enum EventFailure {
    /// It never will be.
    Event(String),
    /// It is tried again.
    Work(String),
}

/// The builder at work.
struct Serving {
    /// What builds, if no function does; and what looks at the state.
    builder: Builder,
    /// What builds in its place.
    function: Option<Function>,
    /// How many of it work at once.
    builders: u32,
    /// What is told of the mistakes in its pages.
    site: Site,
    /// Where it is.
    address: String,
    /// Time stands still: nothing ever becomes due.
    fixed_now: bool,
    json: bool,
    /// What the last build said; what it says again is not told in full again.
    told: Mutex<BTreeSet<Diagnostic>>,
    /// The sources of which it was said that their current bytes are not published.
    stand: Mutex<SourceChanges>,
}

impl Serving {
    /// Puts the folder into the bucket, then handles batches of events as they come.
    async fn publish(
        &mut self,
        folder: &mut sync::Folder,
        events: tokio::sync::mpsc::UnboundedReceiver<String>,
        no_watch: bool,
    ) -> Result<()> {
        // Watched first, so that no edit falls between.
        let mut watcher = if no_watch {
            None
        } else {
            Some(folder.watch()?)
        };
        let mut put = folder.put_changes().await;
        self.handle(&json!({ "reconcile": true })).await?;
        let mut gatherer = Gatherer::new(events);
        let mut reconcile = tokio::time::interval(RECONCILE_EVERY);
        reconcile.tick().await;
        let watching = async {
            // What could not be put at the start is tried again beside everything else.
            while let Err(error) = put {
                show::warning(&format!("{error:#}; trying again"));
                tokio::time::sleep(RETRY_AFTER).await;
                put = folder.put_changes().await;
            }
            match &mut watcher {
                None => std::future::pending().await,
                Some(watcher) => loop {
                    watcher.changed().await?;
                    while let Err(error) = folder.put_changes().await {
                        show::warning(&format!("{error:#}; trying again"));
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                },
            }
        };
        let handling = async {
            if self.builders > 1 {
                return self.hand_out(&mut gatherer, &mut reconcile).await;
            }
            // Who asked for reports and went away is served no more.
            while !out::is_closed() {
                let due = self.next_due().await;
                tokio::select! {
                    batch = gatherer.next() => match batch {
                        Some(event) => self.handle(&event).await?,
                        None => return Ok(()),
                    },
                    () = until(due) => self.handle(&json!({ "reconcile": true })).await?,
                    _ = reconcile.tick() => self.handle(&json!({ "reconcile": true })).await?,
                }
            }
            Ok(())
        };
        tokio::select! {
            ended = handling => ended,
            ended = watching => ended,
        }
    }

    /// When a reconcile publishes what has become due by then.
    async fn next_due(&self) -> Option<Timestamp> {
        if self.fixed_now {
            return None;
        }
        let later = Timestamp::now() + LOOK_AT_CLOCK_EVERY;
        match self.builder.next_due().await {
            // What is due already was tried, and will be again.
            Ok(next) => next.map(|next| {
                if next.at <= Timestamp::now() {
                    later
                } else {
                    next.at
                }
            }),
            Err(error) => {
                show::warning(&format!("{error}; trying again"));
                Some(later)
            }
        }
    }

    /// Handles one event, again and again while the infrastructure fails: no event is dropped.
    async fn handle(&self, event: &Value) -> Result<()> {
        let source = Place {
            bucket: SOURCE.to_owned(),
            prefix: String::new(),
        };
        loop {
            match self.run(&source, event).await {
                Ok(handler::Answer {
                    reports, strange, ..
                }) => {
                    for strange in &strange {
                        show::warning(&strange.to_string());
                    }
                    for report in &reports {
                        self.tell(report).await?;
                    }
                    if out::is_closed() {
                        return Ok(());
                    }
                    if !reports.last().is_some_and(|report| report.deferred) {
                        return Ok(());
                    }
                    // Whoever holds the lease may be dead: look again until the work is done.
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                Err(EventFailure::Event(error)) => {
                    show::warning(&error);
                    return Ok(());
                }
                Err(EventFailure::Work(error)) => {
                    show::warning(&format!("{error}; trying again"));
                    tokio::time::sleep(RETRY_AFTER).await;
                    // The run that failed is over; its lease is ours to end.
                    if let Err(error) = self.builder.end_own_lease().await {
                        show::warning(&format!("{error}; trying again"));
                    }
                }
            }
        }
    }

    /// Has the builder handle an event: the one of this process, or the function.
    async fn run(&self, source: &Place, event: &Value) -> Result<handler::Answer, EventFailure> {
        if let Some(function) = &self.function {
            let reports = functions::build(function, event).await;
            return Ok(handler::Answer {
                reports: reports.map_err(EventFailure::Work)?,
                ..handler::Answer::default()
            });
        }
        let handled = handler::handle(&self.builder, source, event).await;
        handled.map_err(|error| match error {
            handler::HandleError::Event(error) => EventFailure::Event(error.to_string()),
            error => EventFailure::Work(error.to_string()),
        })
    }

    async fn tell(&self, report: &Report) -> Result<()> {
        if report.kind != Kind::None && !report.stopped && !report.partial {
            let pages_of = problems::pages_of(&self.builder, report).await;
            self.site
                .show_problems(problems::problems(report, &pages_of));
        }
        if self.json {
            return out::json(report);
        }
        if report.partial {
            // It says nothing of problems; the report of the rest does.
            let texts = texts_of(&self.builder, report).await;
            show::report(report, &texts, &self.address);
            return Ok(());
        }
        let now: BTreeSet<Diagnostic> = report.diagnostics.iter().cloned().collect();
        // A post that waits for its time is no problem.
        let problem = |found: &&Diagnostic| found.code != "scheduled";
        let (new, known, mended): (Vec<Diagnostic>, usize, usize) = {
            let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let new = now.difference(&told).cloned().collect();
            let known = now.intersection(&told).filter(problem).count();
            (new, known, told.difference(&now).filter(problem).count())
        };
        let mut sources = report.sources.clone();
        if report.kind != Kind::None {
            let mut stand = self.stand.lock().unwrap_or_else(PoisonError::into_inner);
            sources.waiting.retain(|key| !stand.waiting.contains(key));
            sources.kept.retain(|key| !stand.kept.contains(key));
            stand.clone_from(&report.sources);
        }
        let shown = Report {
            diagnostics: new,
            sources,
            ..report.clone()
        };
        let texts = texts_of(&self.builder, &shown).await;
        show::report(&shown, &texts, &self.address);
        if report.kind != Kind::None {
            match known {
                0 => {}
                1 => show::note("1 earlier problem remains; `quillfront status` shows it"),
                _ => show::note(&format!(
                    "{known} earlier problems remain; `quillfront status` shows them"
                )),
            }
            match mended {
                0 => {}
                1 => show::note("1 earlier problem is fixed"),
                _ => show::note(&format!("{mended} earlier problems are fixed")),
            }
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = now;
        }
        Ok(())
    }
}

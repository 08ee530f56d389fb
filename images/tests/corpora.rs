//! Pictures that are strange, damaged or hostile: everything that a site does with a picture comes to an end with
//! an answer or an error, without a panic, and soon.
//!
//! Without anything said, it takes the pictures of `leaks/` and a few hundred mutations of them. `QUILLFRONT_PICTURES`
//! names a folder of more (`tests/pictures/run.py` fetches them), `QUILLFRONT_PICTURE_MUTATIONS` says how many
//! mutations, `QUILLFRONT_PICTURE_SEED` makes others of them. `QUILLFRONT_PICTURES_FOUND` names a folder for the
//! files at which something is wrong.

#![allow(clippy::disallowed_methods)] // the crate is pure, its tests need not be

mod mutation;

use mutation::{Random, mutate};
use quillfront_images::thumbnail::transform::{Fit, Format, Gravity, Rotation, Transform};
use quillfront_images::thumbnail::{Limits, make};
use quillfront_images::{leaks, probe, strip, svg};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Nothing may take longer. A build without optimisation takes some ten times as long, on machines that do other
/// things beside.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 20 });
/// Of a hundred pictures, 99 take no longer in an optimised build.
const USUAL: Duration = Duration::from_secs(1);
/// Bytes of a file that is mutated: of larger ones, there are fewer mutations in the same time.
const MAX_MUTATED: usize = if cfg!(debug_assertions) {
    100_000
} else {
    400_000
};
/// Bytes of a file that is tried as it is.
const MAX_TRIED: usize = if cfg!(debug_assertions) {
    1_000_000
} else {
    100_000_000
};

/// Where panics were, those that were caught included, with the picture.
static PANICS: Mutex<BTreeMap<String, (usize, String)>> = Mutex::new(BTreeMap::new());
static CURRENT: Mutex<String> = Mutex::new(String::new());

#[test]
fn every_picture_comes_to_an_end() {
    let originals = originals();
    assert!(originals.len() >= 15);
    watch_panics();
    let (jobs, answers) = worker();
    let mut run = Run::default();
    for (name, bytes) in &originals {
        if bytes.len() <= MAX_TRIED {
            run.wait(name.clone(), bytes.clone(), 0, &jobs, &answers);
        }
    }
    println!("{} pictures as they are", originals.len());
    let small: Vec<&(String, Vec<u8>)> = originals
        .iter()
        .filter(|(_, bytes)| (1..=MAX_MUTATED).contains(&bytes.len()))
        .collect();
    let seed = number("QUILLFRONT_PICTURE_SEED", 0);
    let mutations = number("QUILLFRONT_PICTURE_MUTATIONS", 300);
    for number in 0..mutations {
        let mut random = Random::new(seed, number);
        let (name, bytes) = small[random.below(small.len())];
        let (_, other) = small[random.below(small.len())];
        let mutated = mutate(bytes, other, &mut random);
        let name = format!("{name} (seed {seed}, mutation {number})");
        run.wait(name, mutated, random.next(), &jobs, &answers);
    }
    drop(jobs);
    run.report(mutations);
}

/// The pictures of this folder, and those that the environment names.
fn originals() -> Vec<(String, Vec<u8>)> {
    let mut paths = Vec::new();
    files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaks"),
        &mut paths,
    );
    if let Some(folder) = std::env::var_os("QUILLFRONT_PICTURES") {
        let own = paths.len();
        files(Path::new(&folder), &mut paths);
        assert!(
            paths.len() > own,
            "there is nothing in {}",
            folder.display()
        );
    }
    paths.sort();
    let read = |path: PathBuf| (path.display().to_string(), std::fs::read(&path).unwrap());
    paths.into_iter().map(read).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
        Err(_) => otherwise,
    }
}

/// Counts panics, those that are caught as well, by where they were.
fn watch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or("?".into(), ToString::to_string);
        // The path of a dependency, without the folder that it was fetched into.
        let place = place
            .rsplit_once("/src/index")
            .map_or(&*place, |(_, rest)| rest);
        let mut panics = PANICS.lock().unwrap();
        let current = CURRENT.lock().unwrap().clone();
        panics.entry(place.to_owned()).or_insert((0, current)).0 += 1;
    }));
}

/// A picture, and a number to choose by what is made of it.
type Job = (Vec<u8>, u64);
/// How long each of the steps took; none where one of them panicked.
type Answer = Option<Vec<(&'static str, Duration)>>;

/// A thread that can be waited for, and left behind where it does not come back.
fn worker() -> (Sender<Job>, Receiver<Answer>) {
    let (jobs, to_do) = channel::<Job>();
    let (done, answers) = channel();
    std::thread::spawn(move || {
        for (bytes, choice) in to_do {
            let tried = std::panic::catch_unwind(|| try_all(&bytes, choice));
            if done.send(tried.ok()).is_err() {
                break;
            }
        }
    });
    (jobs, answers)
}

/// Does everything with a picture that a site does.
fn try_all(bytes: &[u8], choice: u64) -> Vec<(&'static str, Duration)> {
    let mut times = Vec::new();
    let mut measure = |name, work: &mut dyn FnMut()| {
        let began = Instant::now();
        work();
        times.push((name, began.elapsed()));
    };
    measure("probe", &mut || {
        let _ = probe(bytes);
    });
    measure("strip", &mut || match strip(bytes) {
        Ok(Some(new)) => {
            assert!(leaks(bytes).is_some());
            assert_eq!(strip(&new), Ok(None), "it is not stripped at once");
        }
        _ => assert_eq!(leaks(bytes), None),
    });
    measure("sanitise", &mut || {
        if let Ok(new) = svg::sanitise(bytes) {
            assert!(
                svg::sanitise(&new).as_ref() == Ok(&new),
                "it is not sanitised at once"
            );
        }
    });
    let transform = transform(choice);
    measure("make", &mut || {
        if let Ok(made) = make(bytes, &transform, &Limits::default()) {
            assert!(!made.bytes.is_empty());
        }
    });
    times
}

/// One of the thumbnails that are asked for.
fn transform(choice: u64) -> Transform {
    let mut random = Random::new(choice, 1);
    let mut pick = |count| random.below(count);
    let formats = [
        None,
        Some(Format::Jpeg),
        Some(Format::Png),
        Some(Format::Webp),
        Some(Format::Json),
        Some(Format::Fallback),
        Some(Format::Avif),
    ];
    Transform {
        width: [Some(64), Some(200), None][pick(3)].or(Some(120)),
        height: [None, Some(40), Some(160)][pick(3)],
        fit: [
            Fit::ScaleDown,
            Fit::Contain,
            Fit::Cover,
            Fit::Crop,
            Fit::Pad,
        ][pick(5)],
        gravity: [Gravity::Centre, Gravity::Top, Gravity::At(10, 90)][pick(3)],
        // The encoder of AVIF takes longer than all others together.
        format: formats[pick(formats.len() * 2).saturating_sub(formats.len())],
        rotate: [Rotation::None, Rotation::Quarter][pick(2)],
        anim: pick(2) == 1,
        ..Transform::default()
    }
}

/// What was found so far.
#[derive(Default)]
struct Run {
    times: Vec<(Duration, &'static str, String)>,
    faults: Vec<String>,
}

impl Run {
    fn wait(
        &mut self,
        name: String,
        bytes: Vec<u8>,
        choice: u64,
        jobs: &Sender<Job>,
        answers: &Receiver<Answer>,
    ) {
        CURRENT.lock().unwrap().clone_from(&name);
        jobs.send((bytes.clone(), choice)).unwrap();
        match answers.recv_timeout(LIMIT) {
            Ok(Some(times)) => {
                let whole = times.iter().map(|(_, time)| *time).sum();
                let slowest = times.iter().max_by_key(|(_, time)| *time).unwrap().0;
                self.times.push((whole, slowest, name));
            }
            Ok(None) => {
                save(self.faults.len(), &bytes);
                self.faults.push(format!("it panicked: {name}"));
            }
            Err(RecvTimeoutError::Timeout) => {
                save(self.faults.len(), &bytes);
                panic!("after {LIMIT:?} there is no end: {name}");
            }
            Err(RecvTimeoutError::Disconnected) => panic!("the thread has ended: {name}"),
        }
    }

    fn report(mut self, mutations: u64) {
        self.times.sort();
        let at = |share: f64| self.times[(share * (self.times.len() - 1) as f64) as usize].0;
        println!("{mutations} mutations");
        println!("half of them took {:?}, 99 of 100 {:?}", at(0.5), at(0.99));
        for (time, step, name) in self.times.iter().rev().take(5) {
            println!("  {time:?}, most of it in {step}: {name}");
        }
        if let Some(peak) = peak_memory() {
            println!("peak memory: {peak}");
        }
        let panics = PANICS.lock().unwrap();
        println!(
            "{} panics, caught or not",
            panics.values().map(|(count, _)| count).sum::<usize>()
        );
        for (place, (count, name)) in &*panics {
            println!("  {count} × {place}, first at {name}");
        }
        assert!(self.faults.is_empty(), "{:#?}", self.faults);
        assert!(
            cfg!(debug_assertions) || at(0.99) < USUAL,
            "99 of 100 took longer"
        );
    }
}

/// Keeps a picture at which something is wrong.
fn save(number: usize, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("QUILLFRONT_PICTURES_FOUND") {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{number}.bin")), bytes).unwrap();
    }
}

/// Where the system tells it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}

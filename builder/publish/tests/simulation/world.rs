//! The scheduler: one seed decides who goes on, what fails, who dies and what time it is.
//!
//! All builders run in one thread. Each of their requests is parked; once nobody can go on, the
//! seed picks what happens next. Work that the builder gives to other threads is waited for
//! first: it has results but no influence on the order.

use crate::builders::{self, builder, place};
use crate::check::{Knowledge, Watch};
use crate::clock::{Clock, Machine};
use crate::cloudfront::CloudFront;
use crate::editors::{Edit, Editors};
use crate::events;
use crate::random::Random;
use crate::s3::{Object, S3};
use crate::wire::{Connector, Parked, Wire};
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use quillfront_publish::bucket::{BuildError, Builder, Options};
use quillfront_publish::handler::{Answer, HandleError, handle};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

mod authors;
mod endings;
mod faults;
mod meddling;
mod thumbnails;
mod weather;

use thumbnails::Thumbnails;
pub use thumbnails::{is_thumbnail, stale};
use weather::Weather;

pub const SOURCE: &str = "source";
pub const SITE: &str = "site";
pub const STATE: &str = "state";
const SECOND: i64 = 1000;
/// A run that takes more steps than this does not come to an end.
const MAX_STEPS: usize = 60_000;

/// An event on its way.
struct Message {
    at_ms: i64,
    event: Value,
    keys: Vec<String>,
    /// How long whoever gets it may go on; without an end where it is none.
    time_left_ms: Option<i64>,
}

/// A Lambda instance.
#[derive(Default)]
struct Slot {
    warm: Option<(Arc<Builder>, Arc<Machine>, Connector)>,
    busy: bool,
}

/// A run of a builder.
struct Actor {
    number: usize,
    slot: usize,
    machine: Arc<Machine>,
    message: Message,
    future: LocalBoxFuture<'static, Result<Answer, HandleError>>,
    woken: Arc<Flag>,
    frozen_until_ms: Option<i64>,
    knows: Knowledge,
    /// True where a signal ends it.
    has_left: bool,
}

impl Actor {
    fn is_runnable(&self) -> bool {
        self.frozen_until_ms.is_none() && self.woken.0.load(Ordering::SeqCst)
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub struct World {
    pub random: Random,
    pub weather: Weather,
    pub clock: Arc<Clock>,
    pub s3: S3,
    pub watch: Watch,
    pub log: Vec<String>,
    /// Source keys of which no event will ever tell, as they are now.
    pub untold: BTreeSet<String>,
    /// Versions of files that end whoever renders them.
    killers: BTreeSet<(String, String)>,
    /// All versions that there were of sources.
    versions: BTreeSet<(String, String)>,
    /// Objects that were put into the site bucket by hand.
    pub by_hand: BTreeMap<String, Object>,
    /// How the builders of this world work.
    pub options: Options,
    wire: Arc<Wire>,
    cloudfront: CloudFront,
    pub editors: Editors,
    pub thumbnails: Thumbnails,
    /// What authors will do, and when.
    promised: Vec<(i64, Vec<Edit>)>,
    /// How often they are still about to meddle.
    zeal: usize,
    queue: Vec<Message>,
    slots: Vec<Slot>,
    actors: Vec<Actor>,
    /// Which machine an actor was, also after its death.
    machines: Vec<Arc<Machine>>,
    edits_left: usize,
    next_edit_ms: i64,
    faults: bool,
    pub seed: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let weather = Weather::of(&mut random);
        let options = builders::options(&mut random);
        let slots = random.between(1, 4);
        let edits_left = random.between(4, 10) as usize;
        let clock: Arc<Clock> = Arc::default();
        let s3 = S3::new(clock.clone());
        let mut world = Self {
            weather,
            clock,
            s3,
            watch: Watch::default(),
            log: Vec::new(),
            untold: BTreeSet::new(),
            killers: BTreeSet::new(),
            versions: BTreeSet::new(),
            by_hand: BTreeMap::new(),
            options,
            wire: Arc::default(),
            cloudfront: CloudFront::default(),
            editors: Editors::default(),
            thumbnails: Thumbnails::default(),
            promised: Vec::new(),
            zeal: 6,
            queue: Vec::new(),
            slots: (0..slots).map(|_| Slot::default()).collect(),
            actors: Vec::new(),
            machines: Vec::new(),
            edits_left,
            next_edit_ms: 0,
            faults: true,
            seed,
            random,
        };
        let Options {
            parallel,
            many_outputs,
            sweep_after,
            ..
        } = world.options;
        let line = format!(
            "{slots} instances, {edits_left} edits, {parallel} requests at once, {many_outputs} are \
             many outputs, swept after {sweep_after:?}, {:?}",
            world.weather
        );
        world.note("", line);
        world.watch.edge.has_wrong_clocks = world.weather.max_skew_ms > 0 || world.weather.jump > 0;
        world
    }

    fn note(&mut self, who: &str, what: impl std::fmt::Display) {
        let now = self.clock.elapsed_ms();
        let (seconds, rest) = (now / SECOND, now % SECOND);
        self.log
            .push(format!("{seconds:>6}.{rest:03} {who:<6} {what}"));
    }

    /// Everything up to the moment when all edits are made, the faults are over and all events
    /// were handled.
    pub async fn run(&mut self) -> Result<(), String> {
        let first = self.editors.first(&mut self.random);
        self.upload(first, false);
        self.send(json!({"reconcile": true}), Vec::new(), 0);
        for _ in 0..MAX_STEPS {
            self.settle().await;
            if let Some(violation) = self.watch.violations.first() {
                return Err(violation.clone());
            }
            if self.faults
                && self.edits_left == 0
                && self.promised.is_empty()
                && self.queue.is_empty()
                && self.actors.is_empty()
            {
                self.calm();
            }
            if !self.step() {
                return self.all_came_to_an_end();
            }
        }
        Err("it does not come to an end".into())
    }

    /// From here on nothing fails any more.
    fn calm(&mut self) {
        self.note("", "the faults are over");
        self.faults = false;
        self.weather = Weather {
            zombie: self.weather.zombie,
            jump: self.weather.jump,
            ..Weather::default()
        };
        // What a dead builder has left is taken up by whoever comes once its lease is over, which
        // a clock that was wrong may have put off.
        let later = 20 * 60 * SECOND;
        let nudge = events::event(&mut self.random, SOURCE, &["content/never.md".to_owned()]);
        self.send(nudge, Vec::new(), later);
    }

    /// One more event, and all that comes of it.
    pub async fn reconcile(&mut self) -> Result<(), String> {
        self.send(json!({"reconcile": true}), Vec::new(), 60 * SECOND);
        for _ in 0..MAX_STEPS {
            self.settle().await;
            if let Some(violation) = self.watch.violations.first() {
                return Err(violation.clone());
            }
            if !self.step() {
                return self.all_came_to_an_end();
            }
        }
        Err("the reconcile does not come to an end".into())
    }

    /// Nothing can happen any more: nobody may be waiting then.
    fn all_came_to_an_end(&self) -> Result<(), String> {
        let Some(actor) = self.actors.first() else {
            return Ok(());
        };
        let name = &actor.machine.name;
        let unanswered = self.wire.unanswered.lock().unwrap();
        let unanswered = unanswered.iter().map(|parked| parked.request.described());
        let unanswered: Vec<String> = unanswered.collect();
        Err(format!(
            "{name} waits without end; requests that are never answered: {unanswered:?}"
        ))
    }

    /// Lets everybody go on until all wait for the scheduler.
    async fn settle(&mut self) {
        loop {
            let mut moved = false;
            let mut index = 0;
            while index < self.actors.len() {
                let actor = &mut self.actors[index];
                let may_run = actor.frozen_until_ms.is_none();
                if !may_run || !actor.woken.0.swap(false, Ordering::SeqCst) {
                    index += 1;
                    continue;
                }
                moved = true;
                let waker = Waker::from(actor.woken.clone());
                let polled = actor.future.as_mut().poll(&mut Context::from_waker(&waker));
                match polled {
                    Poll::Pending => index += 1,
                    Poll::Ready(result) => self.finished(index, result),
                }
            }
            if moved {
                continue;
            }
            // Behind this in the queue of the one other thread there is nothing left.
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            if !self.actors.iter().any(Actor::is_runnable) {
                return;
            }
        }
    }

    fn finished(&mut self, index: usize, result: Result<Answer, HandleError>) {
        let actor = self.actors.remove(index);
        self.slots[actor.slot].busy = false;
        let is_told = matches!(&result, Err(HandleError::Build(BuildError::Rendering(_))));
        if actor.has_left && is_told {
            self.watch.has_left(&actor.machine.name);
        }
        match result {
            Ok(answer) => {
                let reports = &answer.reports;
                let deferred = reports.iter().any(|report| report.deferred);
                let uploaded: u64 = reports.iter().map(|report| report.counts.uploaded).sum();
                let deleted: u64 = reports.iter().map(|report| report.counts.deleted).sum();
                let held = reports.iter().find_map(|report| report.held.clone());
                let mut text = format!("done: {uploaded} uploaded, {deleted} deleted");
                if deferred {
                    text = "done: left to another".to_owned();
                }
                if let Some(held) = held {
                    text.push_str(&format!("; held: {held}"));
                }
                if let Some(error) = &answer.error {
                    text = format!("failed: {error}");
                }
                self.note(&actor.machine.name, text);
                if answer.error.is_none() {
                    self.watch.has_ended(&actor.machine.name);
                }
                // A reconcile that had no time comes again by its schedule.
                let stopped = reports.iter().any(|report| report.stopped);
                let is_scheduled = actor.message.event.get("reconcile").is_some();
                let failed = answer.failures.is_some_and(|failures| !failures.is_empty());
                if failed || (is_scheduled && stopped) {
                    self.again(actor.message);
                }
            }
            Err(error) => {
                self.note(&actor.machine.name, format!("failed: {error}"));
                self.again(actor.message);
            }
        }
    }

    /// The queue delivers it once more.
    fn again(&mut self, message: Message) {
        let delay = self.random.between(SECOND, 60 * SECOND);
        self.send(message.event, message.keys, delay);
    }

    fn send(&mut self, event: Value, keys: Vec<String>, delay_ms: i64) {
        let at_ms = self.clock.elapsed_ms() + delay_ms;
        self.queue.push(Message {
            at_ms,
            event,
            keys,
            time_left_ms: None,
        });
    }

    /// What happens next; false where nothing is left to happen.
    fn step(&mut self) -> bool {
        self.inspect();
        self.sweep();
        let now = self.clock.elapsed_ms() + self.random.between(1, 30);
        self.clock.advance_to(now);
        if self.actors.iter().any(Actor::is_runnable)
            || self.thaw(now)
            || self.edit(now)
            || self.make_thumbnails(now)
            || self.deliver(now)
        {
            return true;
        }
        let ready = {
            let parked = self.wire.parked.lock().unwrap();
            let due = |index: &usize| {
                let parked: &Parked = &parked[*index];
                !parked.held && parked.not_before_ms <= now
            };
            let mut ready: Vec<usize> = (0..parked.len()).filter(due).collect();
            // Whatever order a builder sends in that it sends at once.
            ready.sort_by_cached_key(|index| {
                (parked[*index].actor, parked[*index].request.described())
            });
            ready
        };
        if !ready.is_empty() {
            let index = *self.random.pick(&ready);
            self.serve(index);
            return true;
        }
        let Some(next) = self.next_time() else {
            return false;
        };
        self.clock.advance_to(next);
        true
    }

    fn thaw(&mut self, now: i64) -> bool {
        let due = |actor: &Actor| actor.frozen_until_ms.is_some_and(|until| until <= now);
        let Some(index) = self.actors.iter().position(due) else {
            return false;
        };
        let name = self.actors[index].machine.name.clone();
        self.note(&name, "wakes up");
        let number = self.actors[index].number;
        // What it had in hand is sent first, before it looks at the clock.
        while let Some(held) = self.position(|parked| parked.held && parked.actor == number) {
            let parked = self.wire.parked.lock().unwrap().remove(held);
            self.perform(parked);
        }
        self.actors[index].frozen_until_ms = None;
        self.actors[index].woken.0.store(true, Ordering::SeqCst);
        true
    }

    fn position(&self, wanted: impl Fn(&Parked) -> bool) -> Option<usize> {
        let parked = self.wire.parked.lock().unwrap();
        parked.iter().position(wanted)
    }

    fn deliver(&mut self, now: i64) -> bool {
        let due = self
            .queue
            .iter()
            .enumerate()
            .filter(|(_, m)| m.at_ms <= now);
        let due: Vec<usize> = due.map(|(index, _)| index).collect();
        let free = self.slots.iter().enumerate().filter(|(_, slot)| !slot.busy);
        let free: Vec<usize> = free.map(|(index, _)| index).collect();
        if due.is_empty() || free.is_empty() {
            return false;
        }
        let message = self.queue.remove(*self.random.pick(&due));
        let slot = *self.random.pick(&free);
        self.start(slot, message);
        true
    }

    fn start(&mut self, slot: usize, message: Message) {
        let number = self.machines.len();
        if self.random.chance(250) {
            self.slots[slot].warm = None;
        }
        let (builder, machine, connector) = match self.slots[slot].warm.take() {
            Some(warm) => warm,
            None => {
                let skew = self.weather.max_skew_ms;
                let skew = self.random.between(-skew, skew);
                let name = format!("b{}", self.machines.len());
                let machine = Machine::new(name, self.clock.clone(), skew);
                let connector = self.connector();
                let options = self.options.clone();
                let builder = builder(&machine, connector.clone(), self.seed, options);
                (Arc::new(builder), machine, connector)
            }
        };
        connector.actor.store(number, Ordering::SeqCst);
        self.machines.push(machine.clone());
        if self.faults && self.random.chance(self.weather.jump) {
            let jump = self.random.between(-600 * SECOND, 600 * SECOND);
            machine.skew_ms.store(jump, Ordering::SeqCst);
            self.note(&machine.name, format!("its clock is wrong by {jump} ms"));
        }
        let mut time_left_ms = message.time_left_ms;
        if self.faults && self.random.chance(self.weather.late * 10) {
            let longest = *self.random.pick(&[SECOND, 5 * SECOND, 60 * SECOND]);
            time_left_ms = Some(self.random.between(0, longest));
        }
        let end = time_left_ms.map(|left_ms| machine.wall_ms() + left_ms);
        builder.stop_before(end.map(|end| Timestamp::from_millisecond(end).unwrap()));
        if let Some(left_ms) = time_left_ms {
            self.note(&machine.name, format!("has {left_ms} ms"));
        }
        let text = if message.keys.is_empty() {
            format!("starts on {}", message.event)
        } else {
            format!("starts on {:?}", message.keys)
        };
        self.note(&machine.name, text.chars().take(160).collect::<String>());
        let (event, doer) = (message.event.clone(), builder.clone());
        let future = Box::pin(async move { handle(&doer, &place(SOURCE), &event).await });
        self.slots[slot].busy = true;
        self.slots[slot].warm = Some((builder, machine.clone(), connector));
        self.actors.push(Actor {
            number,
            slot,
            machine,
            message,
            future,
            woken: Arc::new(Flag(AtomicBool::new(true))),
            frozen_until_ms: None,
            knows: Knowledge::default(),
            has_left: false,
        });
    }

    fn connector(&self) -> Connector {
        Connector {
            wire: self.wire.clone(),
            clock: self.clock.clone(),
            actor: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// When something is due again, where all wait.
    fn next_time(&self) -> Option<i64> {
        let edit = (self.edits_left > 0).then_some(self.next_edit_ms);
        let waiting = self.slots.iter().any(|slot| !slot.busy);
        let promised = self.promised.iter().map(|(at, _)| *at).min();
        let event = self.queue.iter().map(|message| message.at_ms).min();
        let event = event.filter(|_| waiting);
        let frozen = self
            .actors
            .iter()
            .filter_map(|actor| actor.frozen_until_ms)
            .min();
        let parked = self.wire.parked.lock().unwrap();
        let request = parked.iter().filter(|parked| !parked.held);
        let request = request.map(|parked| parked.not_before_ms).min();
        let timer = self.clock.next_timer();
        let now = self.clock.elapsed_ms();
        // A timer of a machine that stands still has rung already.
        let thumbnail = self.thumbnails.next_time(self.faults);
        let all = [edit, promised, event, frozen, request, timer, thumbnail];
        all.into_iter().flatten().map(|at| at.max(now)).min()
    }
}

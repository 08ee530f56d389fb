//! The scheduler: one seed decides who goes on, what fails, who dies and what time it is.
//!
//! All builders run in one thread. Each of their requests is parked; once nobody can go on, the
//! seed picks what happens next. Work that the builder gives to other threads is waited for
//! first: it has results but no influence on the order.

use crate::check::{Watch, Writer};
use crate::clock::{Clock, Machine, SdkTime};
use crate::cloudfront::{self, CloudFront};
use crate::editors::{Edit, Editors};
use crate::events;
use crate::random::Random;
use crate::s3::{self, Change, Object, S3};
use crate::wire::{Connector, Parked, Request, Response, Wire};
use aws_sdk_s3::config::retry::RetryPartition;
use aws_sdk_s3::config::{SharedAsyncSleep, SharedHttpClient};
use aws_smithy_async::time::SharedTimeSource;
use futures::future::LocalBoxFuture;
use quillfront_builder::aws;
use quillfront_builder::fetch::Fetch;
use quillfront_builder::handler::{HandleError, handle};
use quillfront_builder::publish::store::Place;
use quillfront_builder::publish::{Builder, Options, Places};
use quillfront_builder::quillfront_toml::AllowedHosts;
use quillfront_builder::render::answers::Request as WebRequest;
use quillfront_builder::report::Report;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

pub const SOURCE: &str = "source";
pub const SITE: &str = "site";
pub const STATE: &str = "state";
const SECOND: i64 = 1000;
/// A run that takes more steps than this does not come to an end.
const MAX_STEPS: usize = 60_000;

/// How bad the weather is: each in thousandths of a request, but where said otherwise.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    /// 503 or 500; nothing is done.
    unavailable: u64,
    /// 409 on a conditional write; nothing is done.
    conflict: u64,
    /// The connection breaks, half of the times after the request was done.
    reset: u64,
    /// No answer ever comes, half of the times after the request was done.
    hung: u64,
    /// It takes a while.
    slow: u64,
    /// The builder dies, before or after the request is done.
    death: u64,
    /// The machine stands still for up to ten minutes and then goes on.
    zombie: u64,
    /// Thousandths of a run: its clock jumps during it.
    jump: u64,
    /// CloudFront takes no invalidation now.
    throttled: u64,
    /// How wrong a clock may be.
    max_skew_ms: i64,
    /// Thousandths of events that are lost, and as many that come twice.
    events: u64,
}

impl Weather {
    fn of(random: &mut Random) -> Self {
        let level = |random: &mut Random, list: &[u64]| *random.pick(list);
        let wild = random.chance(300);
        Self {
            unavailable: level(random, &[0, 10, 40]),
            conflict: level(random, &[0, 10, 40]),
            reset: level(random, &[0, 10, 30]),
            hung: level(random, &[0, 0, 4]),
            slow: level(random, &[0, 10, 30]),
            death: level(random, &[0, 4, 10, 25]),
            zombie: if wild { level(random, &[4, 10]) } else { 0 },
            jump: if wild { 200 } else { 0 },
            throttled: level(random, &[0, 0, 100, 400]),
            max_skew_ms: *random.pick(&[0, 15 * SECOND]),
            events: level(random, &[0, 100]),
        }
    }

    /// True where a write may come after others took over: only a reconcile finds it then.
    pub fn has_zombies(&self) -> bool {
        self.zombie > 0 || self.jump > 0
    }
}

/// An event on its way.
struct Message {
    at_ms: i64,
    event: Value,
    keys: Vec<String>,
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
    future: LocalBoxFuture<'static, Result<Vec<Report>, HandleError>>,
    woken: Arc<Flag>,
    frozen_until_ms: Option<i64>,
    seen: BTreeMap<String, u64>,
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

/// There is no network beyond AWS.
struct NoWeb;

impl Fetch for NoWeb {
    fn fetch(&self, _: &WebRequest, _: &AllowedHosts, _: Duration) -> Result<String, String> {
        Err("nobody answers".into())
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
    wire: Arc<Wire>,
    cloudfront: CloudFront,
    editors: Editors,
    queue: Vec<Message>,
    slots: Vec<Slot>,
    actors: Vec<Actor>,
    /// Which machine an actor was, also after its death.
    machines: Vec<Arc<Machine>>,
    edits_left: usize,
    next_edit_ms: i64,
    faults: bool,
    seed: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let weather = Weather::of(&mut random);
        let slots = random.between(1, 4);
        let edits_left = random.between(4, 10) as usize;
        let mut world = Self {
            weather,
            clock: Arc::default(),
            s3: S3::default(),
            watch: Watch::default(),
            log: Vec::new(),
            untold: BTreeSet::new(),
            wire: Arc::default(),
            cloudfront: CloudFront::default(),
            editors: Editors::default(),
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
        let line = format!("{slots} instances, {edits_left} edits, {:?}", world.weather);
        world.note("", line);
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
                && self.queue.is_empty()
                && self.actors.is_empty()
            {
                self.calm();
            }
            if !self.step() {
                return Ok(());
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
                return Ok(());
            }
        }
        Err("the reconcile does not come to an end".into())
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

    fn finished(&mut self, index: usize, result: Result<Vec<Report>, HandleError>) {
        let actor = self.actors.remove(index);
        self.slots[actor.slot].busy = false;
        match result {
            Ok(reports) => {
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
                self.note(&actor.machine.name, text);
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
        self.queue.push(Message { at_ms, event, keys });
    }

    /// What happens next; false where nothing is left to happen.
    fn step(&mut self) -> bool {
        self.sweep();
        let now = self.clock.elapsed_ms() + self.random.between(1, 30);
        self.clock.advance_to(now);
        if self.actors.iter().any(Actor::is_runnable)
            || self.thaw(now)
            || self.edit(now)
            || self.deliver(now)
        {
            return true;
        }
        let ready = {
            let parked = self.wire.parked.lock().unwrap();
            let due = |parked: &Parked| !parked.held && parked.not_before_ms <= now;
            let indexes = parked.iter().enumerate().filter(|(_, parked)| due(parked));
            indexes.map(|(index, _)| index).collect::<Vec<_>>()
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

    /// Requests whose senders are gone: some vanish, some are still under way.
    fn sweep(&mut self) {
        self.wire
            .unanswered
            .lock()
            .unwrap()
            .retain(|parked| !parked.is_orphan());
        let mut parked = std::mem::take(&mut *self.wire.parked.lock().unwrap());
        let now = self.clock.elapsed_ms();
        parked.retain_mut(|parked| {
            if !parked.is_orphan() || parked.ghost_until_ms.is_some() {
                return true;
            }
            let until = parked.since_ms + Options::default().request_timeout.as_millis() as i64;
            if !self.faults || until <= now || self.random.chance(500) {
                return false;
            }
            parked.ghost_until_ms = Some(until);
            parked.not_before_ms = self.random.between(now, until);
            true
        });
        *self.wire.parked.lock().unwrap() = parked;
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

    fn edit(&mut self, now: i64) -> bool {
        if self.edits_left == 0 || self.next_edit_ms > now {
            return false;
        }
        self.edits_left -= 1;
        let pause = *self
            .random
            .pick(&[200, 2 * SECOND, 20 * SECOND, 300 * SECOND]);
        self.next_edit_ms = now + self.random.between(1, pause);
        if self.random.chance(50) {
            self.note("queue", "a scheduled reconcile");
            self.send(json!({"reconcile": true}), Vec::new(), 0);
            return true;
        }
        let source = self.s3.bucket(SOURCE);
        let edits = self.editors.next(&mut self.random, source);
        self.upload(edits, true);
        true
    }

    /// Writes into the source bucket, and the events of it.
    fn upload(&mut self, edits: Vec<Edit>, tells: bool) {
        let mut told = Vec::new();
        for Edit { key, bytes } in edits {
            let object = bytes.map(Object::new);
            let etag = object.as_ref().map_or("none", |object| &object.etag[..6]);
            let line = format!("{key} is {etag}");
            self.watch.source_changed(&key, object.is_some());
            self.s3.set(SOURCE, &key, object);
            self.note("author", line);
            self.untold.remove(&key);
            told.push(key);
        }
        if !tells || told.is_empty() {
            return;
        }
        let together = self.random.chance(300);
        let batches: Vec<Vec<String>> = match together {
            true => vec![told],
            false => told.into_iter().map(|key| vec![key]).collect(),
        };
        for keys in batches {
            if self.random.chance(self.weather.events) {
                self.note("queue", format!("the event of {keys:?} is lost"));
                self.untold.extend(keys);
                continue;
            }
            let times = if self.random.chance(self.weather.events) {
                2
            } else {
                1
            };
            for _ in 0..times {
                let event = events::event(&mut self.random, SOURCE, &keys);
                let longest = *self.random.pick(&[100, 5 * SECOND, 120 * SECOND]);
                let delay = self.random.between(1, longest);
                self.send(event, keys.clone(), delay);
            }
        }
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
                let builder = builder(&machine, &connector, self.seed);
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
        let text = match message.keys.is_empty() {
            true => format!("starts on {}", message.event),
            false => format!("starts on {:?}", message.keys),
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
            seen: BTreeMap::new(),
        });
    }

    fn connector(&self) -> Connector {
        Connector {
            wire: self.wire.clone(),
            clock: self.clock.clone(),
            actor: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// The fate of one request.
    fn serve(&mut self, index: usize) {
        let mut parked = self.wire.parked.lock().unwrap().remove(index);
        if !self.faults || parked.ghost_until_ms.is_some() {
            return self.perform(parked);
        }
        let name = self.machines[parked.actor].name.clone();
        let (what, weather) = (parked.request.described(), self.weather.clone());
        if self.random.chance(weather.unavailable) {
            let (status, code) = *self
                .random
                .pick(&[(503, "SlowDown"), (500, "InternalError")]);
            self.note(&name, format!("{what} -> {status}"));
            return parked.answer(Some(s3::error(status, code)));
        }
        if parked.request.is_conditional_write() && self.random.chance(weather.conflict) {
            self.note(&name, format!("{what} -> 409"));
            return parked.answer(Some(s3::error(409, "ConditionalRequestConflict")));
        }
        let is_invalidation = parked.request.path.starts_with(cloudfront::PATH);
        if is_invalidation && self.random.chance(weather.throttled) {
            self.note(&name, format!("{what} -> 400, too many"));
            let refusal = s3::error(400, "TooManyInvalidationsInProgress");
            return parked.answer(Some(refusal));
        }
        // Few requests decide much: the root, what follows the commit.
        let weight = match parked.request.method.as_str() {
            "POST" | "DELETE" => 4,
            "PUT" if parked.request.target() == (STATE, "root.json") => 4,
            _ => 1,
        };
        if self.random.chance(weather.slow) {
            let now = self.clock.elapsed_ms();
            parked.not_before_ms = now + self.random.between(1, 50 * SECOND);
            return self.wire.parked.lock().unwrap().push(parked);
        }
        if self.random.chance(weather.reset) {
            if self.random.chance(500) {
                self.done(&parked, "the answer is lost");
            } else {
                self.note(&name, format!("{what} -> the request is lost"));
            }
            return parked.answer(None);
        }
        if self.random.chance(weather.hung) {
            if self.random.chance(500) {
                self.done(&parked, "no answer ever comes");
            } else {
                self.note(
                    &name,
                    format!("{what} -> no answer ever comes, nor is it done"),
                );
            }
            return self.wire.unanswered.lock().unwrap().push(parked);
        }
        if self.random.chance(weather.death * weight) {
            let number = parked.actor;
            match self.random.below(3) {
                0 => {
                    self.done(&parked, "and its sender is dead");
                    drop(parked);
                }
                1 => drop(parked),
                _ => self.wire.parked.lock().unwrap().push(parked),
            }
            return self.kill(number);
        }
        if self.random.chance(weather.zombie * weight) {
            return self.freeze(parked);
        }
        self.perform(parked);
    }

    fn kill(&mut self, number: usize) {
        let Some(index) = self.actors.iter().position(|actor| actor.number == number) else {
            return;
        };
        let actor = self.actors.remove(index);
        self.note(&actor.machine.name, "is dead");
        self.slots[actor.slot] = Slot::default();
        drop(actor.future);
        self.again(actor.message);
    }

    fn freeze(&mut self, mut parked: Parked) {
        let number = parked.actor;
        let index = self.actors.iter().position(|actor| actor.number == number);
        let Some(index) = index else {
            return self.perform(parked);
        };
        let now = self.clock.elapsed_ms();
        let until = now + self.random.between(SECOND, 600 * SECOND);
        let name = self.actors[index].machine.name.clone();
        self.note(
            &name,
            format!("stands still for {} s", (until - now) / SECOND),
        );
        self.actors[index].frozen_until_ms = Some(until);
        parked.held = true;
        let mut all = self.wire.parked.lock().unwrap();
        all.push(parked);
        for other in all.iter_mut().filter(|other| other.actor == number) {
            other.held |= self.random.chance(500);
        }
    }

    fn perform(&mut self, parked: Parked) {
        let note = match parked.ghost_until_ms {
            Some(_) => "long after its sender was gone",
            None => "",
        };
        let response = self.done(&parked, note);
        parked.answer(Some(response));
    }

    /// Does what a request says.
    fn done(&mut self, parked: &Parked, note: &str) -> Response {
        let machine = self.machines[parked.actor].clone();
        let request = &parked.request;
        let (response, change, paths) = self.answer(request);
        let line = format!("{} -> {} {note}", request.described(), response.status);
        self.note(&machine.name, line);
        let (bucket, key) = request.target();
        let actor = self
            .actors
            .iter_mut()
            .find(|actor| actor.number == parked.actor);
        let nothing = BTreeMap::new();
        let mut seen = &nothing;
        if let Some(actor) = actor {
            if bucket == SOURCE && response.status == 200 {
                actor.seen.insert(key.to_owned(), self.watch.now());
            }
            seen = &actor.seen;
        }
        if let Some(change) = change {
            let writer = Writer {
                name: &machine.name,
                wall_ms: machine.wall_ms(),
                seen,
                conditional: request.is_conditional_write(),
            };
            self.watch.written(&self.s3, &change, &writer);
        }
        if let Some(paths) = paths {
            self.watch.invalidated(&self.s3, &paths);
            self.note("", format!("CloudFront forgets {paths:?}"));
        }
        response
    }

    fn answer(&mut self, request: &Request) -> (Response, Option<Change>, Option<Vec<String>>) {
        if request.path.starts_with(cloudfront::PATH) {
            let (response, paths) = self.cloudfront.answer(request);
            return (response, None, paths);
        }
        let (response, change) = self.s3.answer(request);
        (response, change, None)
    }

    /// When something is due again, where all wait.
    fn next_time(&self) -> Option<i64> {
        let edit = (self.edits_left > 0).then_some(self.next_edit_ms);
        let waiting = self.slots.iter().any(|slot| !slot.busy);
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
        let all = [edit, event, frozen, request, timer];
        all.into_iter().flatten().map(|at| at.max(now)).min()
    }
}

/// A builder with the production client, over the wire of this world.
pub fn builder(machine: &Arc<Machine>, connector: &Connector, seed: u64) -> Builder {
    let options = Options {
        holder: machine.name.clone(),
        ..Options::default()
    };
    builder_with(machine, connector.clone(), seed, options)
}

/// A builder with the production client, over any HTTP client.
pub fn builder_with(
    machine: &Arc<Machine>,
    http: impl aws_smithy_runtime_api::client::http::HttpClient + 'static,
    seed: u64,
    options: Options,
) -> Builder {
    let credentials = aws_credential_types::Credentials::new("key", "secret", None, None, "test");
    let config = aws::fixed(options.request_timeout, credentials, "us-east-1");
    let retries = config.retry_config().unwrap().clone();
    let time = SdkTime(machine.clone());
    let config = config
        .to_builder()
        .endpoint_url("http://aws.test")
        .http_client(SharedHttpClient::new(http))
        .sleep_impl(SharedAsyncSleep::new(time.clone()))
        .time_source(SharedTimeSource::new(time))
        // Without jitter, which no seed decides; the order of requests is varied enough.
        .retry_config(retries.with_use_static_exponential_base(true))
        .build();
    // Each instance has its own budget of retries, as processes have.
    let partition = RetryPartition::new(format!("{seed}-{}", machine.name));
    let s3 = aws::s3(&config, true);
    let s3 = s3.config().to_builder().retry_partition(partition.clone());
    let cloudfront = aws_sdk_cloudfront::config::Builder::from(&config).retry_partition(partition);
    let places = Places {
        source: place(SOURCE),
        site: place(SITE),
        state: place(STATE),
        distribution: Some("TEST".into()),
    };
    Builder::new(
        aws_sdk_s3::Client::from_conf(s3.build()),
        Some(aws_sdk_cloudfront::Client::from_conf(cloudfront.build())),
        places,
        options,
    )
    .with_host(machine.clone())
    .with_web(Arc::new(NoWeb))
}

pub fn place(bucket: &str) -> Place {
    Place {
        bucket: bucket.to_owned(),
        prefix: String::new(),
    }
}

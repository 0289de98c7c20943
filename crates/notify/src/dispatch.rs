//! The sender: takes what waits, sends it, and has the log told what came of it.
//!
//! No receiver delays another. Each has one request at a time; one that failed last waits in a lane of its own, so
//! that those who answer never wait for those who do not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use engine::{
    Engine, StepError,
    notices::{Alarm, Notice, Outcome},
};
use jiff::{SignedDuration, Timestamp};
use program::{
    Event,
    notification::{NotificationEvent, Receiver, Recipient},
};
use tokio::task::{Id, JoinSet};

use crate::{
    config::Config,
    mail::{Mailer, SetupError, Text},
    post::Names,
    webhook::Hooks,
};

/// How often the outbox is compared with the log when nothing was appended, and lapses are looked for.
const LOOK: SignedDuration = SignedDuration::from_secs(60);

/// How often the same alarm is brought up by one process; the outbox lets it through once a day.
const INSIST: SignedDuration = SignedDuration::from_hours(1);

/// Which notices go side by side, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    /// To the mail server.
    Mail,
    /// To endpoints that answered last, or were never asked.
    Sound,
    /// To endpoints that failed last.
    Ailing,
}

impl Lane {
    fn width(self) -> usize {
        match self {
            Self::Mail => 4,
            Self::Sound => 256,
            Self::Ailing => 16,
        }
    }
}

/// What one look at the outbox came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Notices that were taken.
    pub sent: usize,
    /// Attempts that failed, to be repeated.
    pub failed: usize,
    /// Notices that were given up.
    pub given_up: usize,
    /// Warnings that became due.
    pub warned: usize,
    /// Attempts under way.
    pub running: usize,
}

/// Sends what a program owes.
pub struct Notifier {
    engine: Arc<Engine>,
    sender: Arc<Sender>,
    config: Config,
    tasks: JoinSet<(Notice, Outcome)>,
    /// Attempts that have ended and wait to be recorded.
    done: Vec<(Notice, Outcome)>,
    /// Whose attempts are under way, in which lane and task.
    busy: BTreeMap<String, (Lane, Id)>,
    ailing: BTreeSet<String>,
    /// How long the log was when the outbox was filled last, and when.
    filled: Option<(u64, Timestamp)>,
    warned: Option<Timestamp>,
    insisted: BTreeMap<Alarm, Timestamp>,
}

struct Sender {
    engine: Arc<Engine>,
    mail: Option<Mailer>,
    hooks: Hooks,
    look: String,
}

impl Notifier {
    /// Makes a sender as it was configured.
    ///
    /// # Errors
    /// [`SetupError`] says what of the configuration cannot be used.
    pub fn new(engine: Arc<Engine>, config: Config) -> Result<Self, SetupError> {
        Self::with_names(engine, config, Names::System)
    }

    /// Makes a sender that finds the addresses of names as it is told.
    ///
    /// # Errors
    /// As [`Notifier::new`].
    pub fn with_names(engine: Arc<Engine>, config: Config, names: Names) -> Result<Self, SetupError> {
        if !["https://", "http://"].iter().any(|scheme| config.url.starts_with(scheme)) {
            return Err(SetupError::Url(config.url));
        }
        let mail = config.mail.as_ref().map(|mail| Mailer::new(mail, &config.operators)).transpose()?;
        let hooks = Hooks::new(&config.webhooks, names)?;
        let sender = Arc::new(Sender { engine: engine.clone(), mail, hooks, look: config.url.clone() });
        Ok(Self {
            engine,
            sender,
            config,
            tasks: JoinSet::new(),
            done: Vec::new(),
            busy: BTreeMap::new(),
            ailing: BTreeSet::new(),
            filled: None,
            warned: None,
            insisted: BTreeMap::new(),
        })
    }

    /// Looks once: records what came back, and begins what is due. Waits for no receiver.
    ///
    /// # Errors
    /// [`StepError`] when log or outbox fail; the next look goes on from there.
    pub async fn step(&mut self, alarms: &[Alarm]) -> Result<Step, StepError> {
        let mut step = self.record().await?;
        let now = self.engine.clock().now();
        if self.warned.is_none_or(|last| LOOK <= now.duration_since(last).abs()) {
            step.warned = self.engine.warn_of_lapses().await?.len();
            self.warned = Some(now);
        }
        for alarm in alarms {
            self.insist(*alarm, now).await?;
        }
        let entries = self.engine.ledger().await.len();
        let stale = |(len, at): (u64, Timestamp)| len != entries || LOOK <= now.duration_since(at).abs();
        if self.filled.is_none_or(stale) {
            self.engine.fill_outbox(self.config.channels()).await?;
            self.filled = Some((entries, now));
        }
        self.begin().await?;
        step.running = self.tasks.len();
        Ok(step)
    }

    /// Waits until an attempt under way has ended; for ever when there is none.
    pub async fn ended(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(done)) => self.done.push(done),
            Some(Err(error)) => self.busy.retain(|_, (_, id)| *id != error.id()),
            None => std::future::pending().await,
        }
    }

    /// Waits for every attempt under way and records what came of it.
    ///
    /// # Errors
    /// As [`Notifier::step`].
    pub async fn finish(&mut self) -> Result<Step, StepError> {
        while let Some(ended) = self.tasks.join_next().await {
            self.done.extend(ended.ok());
        }
        self.settle().await
    }

    async fn record(&mut self) -> Result<Step, StepError> {
        while let Some(ended) = self.tasks.try_join_next() {
            match ended {
                Ok(ended) => self.done.push(ended),
                // The claim of an attempt that panicked runs out by itself.
                Err(error) => self.busy.retain(|_, (_, id)| *id != error.id()),
            }
        }
        self.settle().await
    }

    async fn settle(&mut self) -> Result<Step, StepError> {
        let mut step = Step::default();
        let done = std::mem::take(&mut self.done);
        if done.is_empty() {
            return Ok(step);
        }
        for (notice, outcome) in &done {
            let recipient = notice.to.to_string();
            self.busy.remove(&recipient);
            match outcome {
                Outcome::Sent => {
                    self.ailing.remove(&recipient);
                    step.sent += 1;
                }
                Outcome::Failed(says) | Outcome::Refused(says) => {
                    tracing::warn!(to = %notice.to, attempt = notice.attempts + 1, says, "a notice was not taken");
                    self.ailing.insert(recipient);
                    step.failed += 1;
                }
            }
        }
        let entries = self.engine.settle_notices(done).await?;
        let dead = |entry: &program::Entry| match &entry.event {
            Event::Notification(NotificationEvent::GivenUp { to, .. }) => to.len(),
            _ => 0,
        };
        step.given_up = entries.iter().map(dead).sum();
        if step.given_up > 0 {
            tracing::error!(notices = step.given_up, "notices were given up");
            let now = self.engine.clock().now();
            self.insist(Alarm::DeadLetters, now).await?;
        }
        Ok(step)
    }

    async fn insist(&mut self, alarm: Alarm, now: Timestamp) -> Result<(), StepError> {
        let lately = self.insisted.get(&alarm).is_some_and(|last| now.duration_since(*last).abs() < INSIST);
        if lately || !self.config.channels().operators {
            return Ok(());
        }
        self.engine.raise(alarm).await?;
        self.insisted.insert(alarm, now);
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), StepError> {
        let mut lanes: BTreeMap<String, Lane> =
            self.busy.iter().map(|(recipient, (lane, _))| (recipient.clone(), *lane)).collect();
        let ailing = &self.ailing;
        let claimed = self
            .engine
            .claim_notices(|recipient| {
                let lane = lane(recipient, ailing);
                let free = lanes.values().filter(|taken| **taken == lane).count() < lane.width();
                let chosen = free && !lanes.contains_key(recipient);
                if chosen {
                    lanes.insert(recipient.to_owned(), lane);
                }
                chosen
            })
            .await?;
        for notice in claimed {
            let recipient = notice.to.to_string();
            let lane = lane(&recipient, &self.ailing);
            let sender = self.sender.clone();
            let task = self.tasks.spawn(async move {
                let outcome = sender.send(&notice).await;
                (notice, outcome)
            });
            self.busy.insert(recipient, (lane, task.id()));
        }
        Ok(())
    }
}

fn lane(recipient: &str, ailing: &BTreeSet<String>) -> Lane {
    match recipient.parse::<Recipient>() {
        Ok(Recipient::Member(_, Receiver::Webhook(_))) if ailing.contains(recipient) => Lane::Ailing,
        Ok(Recipient::Member(_, Receiver::Webhook(_))) => Lane::Sound,
        _ => Lane::Mail,
    }
}

impl Sender {
    async fn send(&self, notice: &Notice) -> Outcome {
        let now = self.engine.clock().now();
        let (name, place) = {
            let program = self.engine.program().await;
            (program.name().to_owned(), self.place(&program, notice))
        };
        match (place, &self.mail) {
            (Place::Endpoint { url, secret }, _) => {
                self.hooks.send(&url, &secret, &notice.id, &name, &self.look, now).await
            }
            (Place::Mail(address), Some(mail)) => {
                mail.to_member(&address, &notice.id, &name, &self.look, now).await
            }
            (Place::Operators(text), Some(mail)) => {
                mail.to_operators(text, &notice.id, &name, &self.look, now).await
            }
            (Place::Nowhere, _) => Outcome::Failed(String::from("its receiver is gone")),
            (_, None) => Outcome::Failed(String::from("this server has no mail server")),
        }
    }

    fn place(&self, program: &program::Program, notice: &Notice) -> Place {
        match &notice.to {
            Recipient::Operators => Place::Operators(Alarm::of(notice.seq).map_or(Text::Lapse, Text::Alarm)),
            Recipient::Member(member, Receiver::Mail(role)) => {
                let contact = program.member(member).ok().and_then(|member| member.contacts.get(role));
                let address = contact.and_then(|contact| contact.mail());
                address.map_or(Place::Nowhere, |address| Place::Mail(address.to_owned()))
            }
            Recipient::Member(member, Receiver::Webhook(id)) => {
                match program.endpoints().of(member).find(|endpoint| endpoint.id == *id) {
                    Some(endpoint) => Place::Endpoint {
                        url: endpoint.url.clone(),
                        secret: self.engine.endpoint_secret(endpoint),
                    },
                    None => Place::Nowhere,
                }
            }
        }
    }
}

/// Where a notice goes, as the program has it now.
enum Place {
    Endpoint { url: String, secret: engine::notices::EndpointSecret },
    Mail(String),
    Operators(Text),
    Nowhere,
}

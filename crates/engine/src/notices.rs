//! Notices: the outbox filled from the log, claimed by one replica at a time, and what came of it back in the log.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use program::{
    Command, Entry, Event,
    endpoint::{Endpoint, EndpointCommand, EndpointEvent},
    id::{EndpointId, MemberId, NotificationId, UserId},
    notification::{Channels, NotificationCommand, Recipient, owed, still_owed, warnings},
};
use zeroize::Zeroizing;

use crate::{
    engine::Engine,
    error::StepError,
    hash::sha256,
    store::{Claimed, Put, StoreError, Waiting},
    writer::WriteError,
};

/// How long a claim lasts: longer than any attempt, so that no other replica tries beside it.
const CLAIM: SignedDuration = SignedDuration::from_secs(60);

/// How long after each failure the next attempt comes; after the last of them a notice is given up.
pub const DELAYS: [SignedDuration; 8] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
];

/// How many recipients are looked at in one go.
const PAGE: u32 = 4096;

/// How long an alarm is remembered, so that the same one is not given again.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(72);

/// How often the same alarm is given at most.
pub const ALARM_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// A secret that notices to one endpoint are signed with, 32 bytes.
pub struct EndpointSecret(Zeroizing<[u8; 32]>);

impl EndpointSecret {
    /// Returns its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A notice that this replica is to send now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// To whom.
    pub to: Recipient,
    /// Its place in the outbox, beside the recipient.
    pub seq: i64,
    /// Of which notification; absent for an alarm.
    pub notification: Option<NotificationId>,
    /// Its idempotency key, 64 hexadecimal digits: the same however often it is sent.
    pub id: String,
    /// How often it was tried before.
    pub attempts: u32,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Sent,
    /// It did not; another attempt may help.
    Failed(String),
    /// It never will.
    Refused(String),
}

/// Something that operators must know at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// Waves are due and the clock is not trusted.
    ClockHeld,
    /// Waves are due for a while and were not released.
    Late,
    /// Notices were given up.
    DeadLetters,
}

impl Alarm {
    /// Every alarm.
    pub const ALL: [Self; 3] = [Self::ClockHeld, Self::Late, Self::DeadLetters];

    fn number(self) -> i64 {
        match self {
            Self::ClockHeld => 1,
            Self::Late => 2,
            Self::DeadLetters => 3,
        }
    }

    /// Returns the alarm of a row that is in no log.
    #[must_use]
    pub fn of(seq: i64) -> Option<Self> {
        let number = seq.checked_neg()? % 8;
        Self::ALL.into_iter().find(|alarm| seq < 0 && alarm.number() == number)
    }
}

impl Engine {
    /// Adds an endpoint; its secret is returned, derived from the program's own key, and kept nowhere.
    ///
    /// # Errors
    /// [`WriteError`] when the program refuses it or the log cannot be written.
    pub async fn add_endpoint(
        &self,
        actor: &UserId,
        member: MemberId,
        url: String,
    ) -> Result<(EndpointId, EndpointSecret), WriteError> {
        let salt: String = self.entropy.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let add = EndpointCommand::Add { member, url, salt };
        let entries = self.execute(actor, Command::Endpoint(add)).await?;
        let added = entries.into_iter().find_map(|entry| match entry.event {
            Event::Endpoint(EndpointEvent::Added { endpoint, salt, .. }) => Some((endpoint, salt)),
            _ => None,
        });
        let (endpoint, salt) = added.ok_or(WriteError::Stopped)?;
        Ok((endpoint, EndpointSecret(self.keys.mark.endpoint(&salt))))
    }

    /// Returns an endpoint's secret.
    #[must_use]
    pub fn endpoint_secret(&self, endpoint: &Endpoint) -> EndpointSecret {
        EndpointSecret(self.keys.mark.endpoint(&endpoint.salt))
    }

    /// Puts every notice that is owed into the outbox; what is there already stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] when the outbox cannot be read or written.
    pub async fn fill_outbox(&self, channels: Channels) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let rows: Vec<Put> = {
            let program = self.program().await;
            owed(&program, channels, now)
                .map(|owed| Put {
                    id: key(owed.seq, &owed.to),
                    recipient: owed.to.to_string(),
                    seq: i64::try_from(owed.seq).unwrap_or(i64::MAX),
                    notification: owed.notification.0,
                })
                .collect()
        };
        if rows.is_empty() {
            return Ok(0);
        }
        let known: BTreeSet<(String, i64)> =
            self.store.outbox().await?.into_iter().map(|row| (row.recipient, row.seq)).collect();
        let new: Vec<&Put> =
            rows.iter().filter(|row| !known.contains(&(row.recipient.clone(), row.seq))).collect();
        if new.is_empty() {
            return Ok(0);
        }
        let mut append = self.store.append().await?;
        for row in &new {
            append.outbox_put(row, now).await?;
        }
        append.commit().await?;
        Ok(new.len())
    }

    /// Puts an alarm for the operators into the outbox, unless the same one was given within [`ALARM_EVERY`], by
    /// whichever replica.
    ///
    /// # Errors
    /// [`StoreError`] when the outbox cannot be written.
    pub async fn raise(&self, alarm: Alarm) -> Result<(), StoreError> {
        let now = self.clock.now();
        let period = now.as_second().div_euclid(ALARM_EVERY.as_secs());
        let seq = -(period.saturating_mul(8).saturating_add(alarm.number()));
        let row = Put {
            recipient: Recipient::Operators.to_string(),
            seq,
            notification: 0,
            id: sha256(format!("forewarn alarm v1\0{seq}").as_bytes()).to_string(),
        };
        let mut append = self.store.append().await?;
        append.outbox_put(&row, now).await?;
        append.outbox_forget(now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN)).await?;
        append.commit().await
    }

    /// Takes notices that may be sent now, one for each recipient that is chosen; what is no longer owed is removed.
    ///
    /// # Errors
    /// [`StepError`] when log or outbox cannot be read.
    pub async fn claim_notices(
        &self,
        mut chosen: impl FnMut(&str) -> bool,
    ) -> Result<Vec<Notice>, StepError> {
        let now = self.clock.now();
        let mut heads = self.store.outbox_heads(now, PAGE).await?;
        heads.retain(|(recipient, _)| chosen(recipient));
        if heads.is_empty() {
            return Ok(Vec::new());
        }
        // What another replica sent, or a person told, a moment ago is not sent again.
        self.refresh().await?;
        let mut taken = Vec::new();
        let mut append = self.store.append().await?;
        for (recipient, seq) in heads {
            let until = now.checked_add(CLAIM).unwrap_or(Timestamp::MAX);
            if let Some(claimed) = append.outbox_claim(&recipient, seq, until, now).await? {
                taken.push(claimed);
            }
        }
        let mut notices = Vec::with_capacity(taken.len());
        {
            let program = self.program().await;
            for row in taken {
                match notice(&program, &row, now) {
                    Some(notice) => notices.push(notice),
                    None => append.outbox_remove(&row.recipient, row.seq).await?,
                }
            }
        }
        append.commit().await?;
        Ok(notices)
    }

    /// Records what came of attempts: what is settled in the log and then out of the outbox, what failed for
    /// another try, and what failed too often as given up.
    ///
    /// # Errors
    /// [`StepError`] when log or outbox cannot be written; whatever was not recorded is tried again.
    pub async fn settle_notices(&self, done: Vec<(Notice, Outcome)>) -> Result<Vec<Entry>, StepError> {
        let now = self.clock.now();
        let mut settled: BTreeMap<(NotificationId, Option<String>), BTreeSet<Recipient>> = BTreeMap::new();
        let (mut remove, mut retire, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (notice, outcome) in done {
            let given_up = match outcome {
                Outcome::Sent => None,
                Outcome::Refused(says) => Some(says),
                Outcome::Failed(says) => match delay(notice.attempts) {
                    Some(delay) => {
                        failed.push((notice, says, now.checked_add(delay).unwrap_or(Timestamp::MAX)));
                        continue;
                    }
                    None => Some(says),
                },
            };
            let Some(notification) = notice.notification else {
                retire.push(notice);
                continue;
            };
            settled.entry((notification, given_up)).or_default().insert(notice.to.clone());
            remove.push(notice);
        }
        let commands = settled.into_iter().map(|((notification, given_up), to)| {
            Command::Notification(NotificationCommand::RecordDelivery { notification, to, given_up })
        });
        let mut entries = Vec::new();
        for outcome in self.execute_all(&UserId::notifier(), commands).await {
            match outcome {
                Ok(done) => entries.extend(done),
                // Nothing that a new attempt would mend: the row goes, and the log says nothing of it.
                Err(WriteError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut append = self.store.append().await?;
        for notice in &remove {
            append.outbox_remove(&notice.to.to_string(), notice.seq).await?;
        }
        for notice in &retire {
            append.outbox_retire(&notice.to.to_string(), notice.seq).await?;
        }
        for (notice, says, next) in &failed {
            append.outbox_failed(&notice.to.to_string(), notice.seq, says, *next).await?;
        }
        append.commit().await?;
        Ok(entries)
    }

    /// Warns of what lapses soon, where nobody was warned yet.
    ///
    /// # Errors
    /// [`WriteError`] when the log cannot be written.
    pub async fn warn_of_lapses(&self) -> Result<Vec<Entry>, WriteError> {
        if warnings(&*self.program().await, self.clock.now()).is_empty() {
            return Ok(Vec::new());
        }
        self.execute(&UserId::notifier(), Command::Notification(NotificationCommand::Warn)).await
    }

    /// Returns the notices that wait, with what came of the last attempt.
    ///
    /// # Errors
    /// [`StoreError`] when the outbox cannot be read.
    pub async fn waiting_notices(&self) -> Result<Vec<Waiting>, StoreError> {
        self.store.outbox().await
    }

    /// Returns how many notices wait, and since when the oldest does.
    ///
    /// # Errors
    /// [`StoreError`] when the outbox cannot be read.
    pub async fn outbox_age(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        self.store.outbox_age().await
    }
}

/// Returns the idempotency key of a notice: the same for the same entry and recipient, whoever sends it and when.
fn key(seq: u64, to: &Recipient) -> String {
    sha256(format!("forewarn notice v1\0{seq}\0{to}").as_bytes()).to_string()
}

fn delay(attempts: u32) -> Option<SignedDuration> {
    DELAYS.get(usize::try_from(attempts).unwrap_or(usize::MAX)).copied()
}

/// Reads a claimed row; nothing for one that is not owed.
fn notice(program: &program::Program, row: &Claimed, now: Timestamp) -> Option<Notice> {
    let to: Recipient = row.recipient.parse().ok()?;
    let notification = match Alarm::of(row.seq) {
        Some(_) => None,
        None => Some(NotificationId(row.notification)).filter(|id| still_owed(program, *id, &to, now)),
    };
    (notification.is_some() || row.seq < 0).then(|| Notice {
        to,
        seq: row.seq,
        notification,
        id: row.id.clone(),
        attempts: row.attempts,
    })
}

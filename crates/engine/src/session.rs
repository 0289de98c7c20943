//! Sessions: a browser that somebody signed in with, and the ceremonies that lead there.
//!
//! The row says who, and the state says each time whether that person may act now.

use jiff::{SignedDuration, Timestamp};
use program::{
    id::{PasskeyId, Sha256},
    passkey::User,
};

use crate::{
    engine::Engine,
    secret_text::{Purpose, SecretText},
    store::{Opening, SessionRow, StoreError},
};

/// What a browser's cookie holds.
pub type SessionText = SecretText<OfSession>;

/// What a cookie is marked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OfSession;

impl Purpose for OfSession {
    const PREFIX: &str = "forewarn_session_";
}

/// What names a ceremony to whoever began it.
pub type CeremonyText = SecretText<OfCeremony>;

/// What a ceremony's name is marked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OfCeremony;

impl Purpose for OfCeremony {
    const PREFIX: &str = "forewarn_ceremony_";
}

/// How long a ceremony may take.
pub const CEREMONY: SignedDuration = SignedDuration::from_mins(5);

/// How long after a step-up what asks for one is done without another.
pub const STEPPED: SignedDuration = SignedDuration::from_mins(5);

/// How stale the instant of a session's last use may be, so that not every request writes.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// How many ceremonies of a kind may be under way.
const CEREMONIES: u32 = 10_000;
/// How many sessions there may be.
const SESSIONS: u32 = 1_000_000;
const SESSION: &str = "session";

/// What a ceremony is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceremony {
    /// A passkey is registered by a link.
    Enrolment,
    /// Somebody signs in.
    SignIn,
    /// Somebody who is signed in shows to be there.
    StepUp,
    /// Somebody acknowledges a copy.
    Acknowledgement,
    /// Somebody signs in at an identity provider.
    Provider,
}

/// A session that is good now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What the row is found by.
    pub sha256: Sha256,
    /// Who is signed in.
    pub user: User,
    /// By which passkey; nothing for another way of signing in.
    pub passkey: Option<PasskeyId>,
    /// Since when.
    pub created: Timestamp,
    /// When it was used last, to the minute.
    pub seen: Timestamp,
    /// When it ends at the latest.
    pub ends: Timestamp,
    /// When the person last showed to be there.
    pub stepped: Option<Timestamp>,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// At the longest.
    pub whole: SignedDuration,
    /// Without being used.
    pub idle: SignedDuration,
}

impl Session {
    /// Tells whether the person showed to be there within the last minutes.
    #[must_use]
    pub fn stepped_up(&self, now: Timestamp) -> bool {
        self.stepped.is_some_and(|at| at <= now && now.duration_since(at) < STEPPED)
    }
}

impl Engine {
    /// Opens a session; the cookie's text is nowhere but in what this returns. Nothing when there are too many.
    ///
    /// Whoever signed in by a passkey just now has stepped up by that.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn open_session(
        &self,
        user: &User,
        passkey: Option<PasskeyId>,
        lifetime: Lifetime,
    ) -> Result<Option<SessionText>, StoreError> {
        let (text, now) = (SessionText::of(&self.entropy.bytes()), self.clock.now());
        let row = Opening {
            sha256: text.sha256(),
            kind: SESSION,
            holder: &written(user),
            passkey: &passkey.map_or_else(String::new, |id| id.to_string()),
            ends: now.checked_add(lifetime.whole).unwrap_or(Timestamp::MAX),
            stepped: passkey.map(|_| now),
            state: "",
            most: SESSIONS,
        };
        Ok(self.store.session_put(&row, now).await?.then_some(text))
    }

    /// Finds the session of a cookie if it is good now: not over, not idle for too long, its passkey good, its holder
    /// somebody who may act and was not suspended since it began.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn session(
        &self,
        text: &SessionText,
        lifetime: Lifetime,
    ) -> Result<Option<Session>, StoreError> {
        let Some(row) = self.store.session(&text.sha256(), SESSION).await? else { return Ok(None) };
        let now = self.clock.now();
        let Some(session) = self.good(row, now, lifetime).await else { return Ok(None) };
        if now.duration_since(session.seen) >= SEEN_EVERY {
            self.store.session_seen(&session.sha256, now).await?;
        }
        Ok(Some(session))
    }

    /// Lists a person's sessions that are good now, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn sessions_of(&self, user: &User, lifetime: Lifetime) -> Result<Vec<Session>, StoreError> {
        let now = self.clock.now();
        let mut good = Vec::new();
        for row in self.store.sessions_of(SESSION, &written(user)).await? {
            good.extend(self.good(row, now, lifetime).await);
        }
        Ok(good)
    }

    /// Notes that a session's person showed to be there now.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn step_up(&self, session: &Session) -> Result<(), StoreError> {
        self.store.session_stepped(&session.sha256, SESSION, self.clock.now()).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn end_session(&self, session: &Session) -> Result<(), StoreError> {
        self.store.session_take(&session.sha256, SESSION).await.map(drop)
    }

    /// Ends every other session of the same person; returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn end_other_sessions(&self, session: &Session) -> Result<u64, StoreError> {
        self.store.session_others(SESSION, &written(&session.user), &session.sha256).await
    }

    /// Begins a ceremony about something, with what is needed to finish it. Nothing when too many are under way.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn begin_ceremony(
        &self,
        ceremony: Ceremony,
        about: &str,
        state: &str,
    ) -> Result<Option<CeremonyText>, StoreError> {
        let (text, now) = (CeremonyText::of(&self.entropy.bytes()), self.clock.now());
        let row = Opening {
            sha256: text.sha256(),
            kind: ceremony.kind(),
            holder: about,
            passkey: "",
            ends: now.checked_add(CEREMONY).unwrap_or(Timestamp::MAX),
            stepped: None,
            state,
            most: CEREMONIES,
        };
        Ok(self.store.session_put(&row, now).await?.then_some(text))
    }

    /// Takes a ceremony to finish it, once: returns what it is about and its state; nothing for one that is unknown,
    /// taken, over or another one.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn take_ceremony(
        &self,
        ceremony: Ceremony,
        text: &str,
    ) -> Result<Option<(String, String)>, StoreError> {
        let Some(text) = CeremonyText::parse(text) else { return Ok(None) };
        let row = self.store.session_take(&text.sha256(), ceremony.kind()).await?;
        let now = self.clock.now();
        let row = row.filter(|row| row.created <= now && now < row.ends);
        Ok(row.map(|row| (row.holder, row.state)))
    }

    /// Judges a row by the state as it is now.
    async fn good(&self, row: SessionRow, now: Timestamp, lifetime: Lifetime) -> Option<Session> {
        let SessionRow { sha256, holder, passkey, created, seen, ends, stepped, .. } = row;
        let user: User = serde_json::from_str(&holder).ok()?;
        let passkey = if passkey.is_empty() { None } else { Some(passkey.parse::<PasskeyId>().ok()?) };
        let program = self.program().await;
        let passkeys = program.passkeys();
        let by = passkey.is_none_or(|id| {
            passkeys.get(id).is_some_and(|known| known.user == user && known.good(&program))
        });
        let barred = passkeys.barred(&user).is_some_and(|at| created <= at);
        // Without a passkey it was opened by an identity provider's word on one of the operator's subjects.
        let unlinked = match &user {
            User::Operator(id) if passkey.is_none() => program.subjects().barred(id),
            _ => None,
        };
        let barred = barred || unlinked.is_some_and(|at| created <= at);
        // A shorter lifetime that was configured since counts for older sessions too.
        let whole = created <= now && now < ends && now.duration_since(created) < lifetime.whole;
        let used = now.duration_since(seen) < lifetime.idle;
        let good = by && !barred && whole && used && user.may_act(&program);
        good.then_some(Session { sha256, user, passkey, created, seen, ends, stepped })
    }
}

impl Ceremony {
    fn kind(self) -> &'static str {
        match self {
            Self::Enrolment => "enrolment",
            Self::SignIn => "sign_in",
            Self::StepUp => "step_up",
            Self::Acknowledgement => "acknowledgement",
            Self::Provider => "provider",
        }
    }
}

/// Writes a person as rows name it.
fn written(user: &User) -> String {
    serde_json::to_string(user).unwrap_or_default()
}

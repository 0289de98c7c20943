//! A member's signature of its request for a copy: the request is the member's own, and the log keeps that it was.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Digest, MemberSigner, MemberVerifier, Signature, signature_base::Covered};

/// Header field with SHA-256 of the bearer token, as a byte sequence: a signature that covered the token itself could
/// be checked by nobody who may not have it.
pub const TOKEN_FIELD: &str = "forewarn-token";

/// How long a signature is good, at most.
pub const LONGEST: SignedDuration = SignedDuration::from_secs(60);

/// How far a member's clock may be ahead.
pub const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// What tells this signature from others that a request may carry.
const TAG: &str = "forewarn-fetch";

/// Its label in the header fields.
const LABEL: &str = "forewarn";

/// Longest host, query and list of what is covered, in bytes: all of it is logged.
const BOUNDS: (usize, usize, usize) = (261, 256, 512);

/// What a member signs when it asks for a copy: `GET /api/v1/cases/CASE/items/ITEM/copy` at a host, with a token.
///
/// **Source:** RFC 9421 with Ed25519 (section 3.3.6), over `@method`, `@authority`, `@path`, `@query` where there is
/// one, and `forewarn-token`; parameters `created`, `expires`, `nonce`, `keyid` (the key's fingerprint), `alg`, `tag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchStatement {
    /// The server's host as it was asked for, lower case, with its port unless that is the scheme's own.
    pub authority: String,
    /// Which case.
    pub case: String,
    /// Which item.
    pub item: String,
    /// What stands behind `?`, if anything does.
    pub query: Option<String>,
    /// SHA-256 of the token's text.
    pub token: Digest,
}

/// The header fields of a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchFields {
    /// `Signature-Input`.
    pub input: String,
    /// `Signature`.
    pub signature: String,
    /// `Forewarn-Token`.
    pub token: String,
}

/// A signed request as the log keeps it; with case and item it is all that the signature is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedFetch {
    /// The host that was asked.
    pub authority: String,
    /// What stood behind `?`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// SHA-256 of the token's text.
    pub token: Digest,
    /// What is covered, with its parameters, as in `Signature-Input`.
    pub input: String,
    /// The key that signed.
    pub key: MemberVerifier,
    /// The signature.
    pub signature: Signature,
}

/// What a signed request says beside what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAt {
    /// When it was made, by the member's clock.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// What no other request of the member has.
    pub nonce: String,
}

/// A request whose signature is not good.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// The header fields do not read.
    #[error(
        "`Signature-Input` and `Signature` hold no signature with the tag `forewarn-fetch`, or hold several"
    )]
    Unreadable,
    /// The list of what is covered is another.
    #[error(
        "the signature must cover `@method`, `@authority`, `@path`, `forewarn-token`, and `@query` where there is \
         one, and nothing else"
    )]
    Covers,
    /// A parameter is missing or not what it should be.
    #[error("the signature's parameter `{0}` is missing or not as it should be")]
    Parameter(&'static str),
    /// The token is another than the one that was signed for.
    #[error("`Forewarn-Token` is not SHA-256 of the token that was sent with it")]
    Token,
    /// Something that is signed is too long, or has control characters in it.
    #[error("the signed request has a host or a query that is too long, or control characters")]
    Text,
    /// Made too long ago, or good for too long.
    #[error(
        "the signature was made at {created} and is good until {expires}; here it is {now}: set your clock"
    )]
    Late {
        /// When it was made.
        created: Timestamp,
        /// Until when it says it is good.
        expires: Timestamp,
        /// The server's clock.
        now: Timestamp,
    },
    /// Made in the future.
    #[error("the signature was made at {created}, which is in the future; here it is {now}: set your clock")]
    Early {
        /// When it was made.
        created: Timestamp,
        /// The server's clock.
        now: Timestamp,
    },
    /// The signature is another's, or of something else.
    #[error(
        "the signature is not that of your confirmed signing key over this request: whatever stands between must \
         leave host and path as they are"
    )]
    Signature,
}

impl FetchStatement {
    /// Returns the path that is asked for.
    #[must_use]
    pub fn path(&self) -> String {
        path(&self.case, &self.item)
    }

    /// Signs it, good for a minute; the nonce must come fresh from the operating system.
    ///
    /// # Errors
    /// [`FetchError::Text`] for a host or query that cannot be signed.
    pub fn sign(
        &self,
        signer: &MemberSigner,
        created: Timestamp,
        nonce: [u8; 16],
    ) -> Result<FetchFields, FetchError> {
        let query = if self.query.is_some() { " \"@query\"" } else { "" };
        let (created, nonce) = (created.as_second(), hex::encode(nonce));
        let expires = created.saturating_add(LONGEST.as_secs());
        let (key, field) = (signer.verifier().fingerprint(), token_field(&self.token));
        let input = format!(
            "(\"@method\" \"@authority\" \"@path\"{query} \"{TOKEN_FIELD}\");created={created};expires={expires};\
             nonce=\"{nonce}\";keyid=\"{key}\";alg=\"ed25519\";tag=\"{TAG}\""
        );
        let covered = Covered::parse(&input).ok_or(FetchError::Text)?;
        let base = self.base(&covered)?;
        let signature = signer.sign(base.as_bytes());
        Ok(FetchFields {
            input: format!("{LABEL}={input}"),
            signature: format!("{LABEL}=:{signature}:"),
            token: field,
        })
    }

    /// Checks a request that came with these header fields; returns it as it is to be logged.
    ///
    /// # Errors
    /// [`FetchError`] for anything but a signature of this request, by this key, made within the last minute.
    pub fn received(
        &self,
        fields: &FetchFields,
        key: &MemberVerifier,
        now: Timestamp,
    ) -> Result<(SignedFetch, SignedAt), FetchError> {
        let found = Covered::tagged(&fields.input, &fields.signature, TAG);
        let (covered, signature) = found.ok_or(FetchError::Unreadable)?;
        if fields.token.trim() != token_field(&self.token) {
            return Err(FetchError::Token);
        }
        let signed = SignedFetch {
            authority: self.authority.clone(),
            query: self.query.clone(),
            token: self.token,
            input: covered.text().ok_or(FetchError::Unreadable)?,
            key: key.clone(),
            signature,
        };
        let at = signed.check(&self.case, &self.item)?;
        let (created, expires) = (at.created, at.expires);
        if created.duration_since(now) > SKEW {
            return Err(FetchError::Early { created, now });
        }
        if now.duration_since(created) > LONGEST || now > expires {
            return Err(FetchError::Late { created, expires, now });
        }
        Ok((signed, at))
    }

    fn base(&self, covered: &Covered) -> Result<String, FetchError> {
        let (longest_host, longest_query, _) = BOUNDS;
        if self.authority.len() > longest_host
            || self.query.as_ref().is_some_and(|query| query.len() > longest_query)
        {
            return Err(FetchError::Text);
        }
        let value = |name: &str| match name {
            "@method" => Some(String::from("GET")),
            "@authority" => Some(self.authority.clone()),
            "@path" => Some(self.path()),
            "@query" => self.query.as_ref().map(|query| format!("?{query}")),
            TOKEN_FIELD => Some(token_field(&self.token)),
            _ => None,
        };
        covered.base(value).ok_or(FetchError::Text)
    }
}

impl SignedFetch {
    /// Checks that the key's owner asked for the copy of this item; says when.
    ///
    /// # Errors
    /// [`FetchError`] when anything but that was signed.
    pub fn check(&self, case: &str, item: &str) -> Result<SignedAt, FetchError> {
        if self.input.len() > BOUNDS.2 {
            return Err(FetchError::Text);
        }
        let covered = Covered::parse(&self.input).ok_or(FetchError::Unreadable)?;
        let mut names = covered.names().ok_or(FetchError::Covers)?;
        let mut expected = vec!["@method", "@authority", "@path", TOKEN_FIELD];
        expected.extend(self.query.as_ref().map(|_| "@query"));
        names.sort_unstable();
        expected.sort_unstable();
        if names != expected {
            return Err(FetchError::Covers);
        }
        let key = self.key.fingerprint();
        for (name, value) in [("alg", "ed25519"), ("tag", TAG), ("keyid", key.as_str())] {
            if covered.string(name) != Some(value) {
                return Err(FetchError::Parameter(name));
            }
        }
        let instant = |name: &'static str| {
            let second = covered.number(name).ok_or(FetchError::Parameter(name))?;
            Timestamp::from_second(second).map_err(|_| FetchError::Parameter(name))
        };
        let (created, expires) = (instant("created")?, instant("expires")?);
        let lasts = expires.duration_since(created);
        if lasts > LONGEST || lasts.is_negative() {
            return Err(FetchError::Parameter("expires"));
        }
        let nonce = covered.string("nonce").filter(|nonce| (16..=128).contains(&nonce.len()));
        let nonce = nonce.ok_or(FetchError::Parameter("nonce"))?.to_owned();
        let statement = FetchStatement {
            authority: self.authority.clone(),
            case: case.to_owned(),
            item: item.to_owned(),
            query: self.query.clone(),
            token: self.token,
        };
        let base = statement.base(&covered)?;
        if !self.key.signed(base.as_bytes(), &self.signature) {
            return Err(FetchError::Signature);
        }
        Ok(SignedAt { created, expires, nonce })
    }
}

/// Writes a host as it is signed: lower case, without the port that its scheme has anyway.
#[must_use]
pub fn authority(host: &str, https: bool) -> String {
    let host = host.to_ascii_lowercase();
    let usual = if https { ":443" } else { ":80" };
    host.strip_suffix(usual).map(str::to_owned).unwrap_or(host)
}

/// Returns the path of an item's copy.
#[must_use]
pub fn path(case: &str, item: &str) -> String {
    format!("/api/v1/cases/{case}/items/{item}/copy")
}

fn token_field(token: &Digest) -> String {
    format!(":{}:", BASE64_STANDARD.encode(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_780_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn signer() -> MemberSigner {
        MemberSigner::from_random(&[3; 32])
    }

    fn statement(query: Option<&str>) -> FetchStatement {
        FetchStatement {
            authority: "warn.example:8440".into(),
            case: "c1".into(),
            item: "advisory.md".into(),
            query: query.map(str::to_owned),
            token: Digest::of(b"token"),
        }
    }

    #[test]
    fn the_header_fields_are_these() {
        let fields = statement(None).sign(&signer(), at(NOW), [7; 16]).unwrap();
        let keyid = signer().verifier().fingerprint();
        assert_eq!(
            fields.input,
            format!(
                "forewarn=(\"@method\" \"@authority\" \"@path\" \"forewarn-token\");created=1780000000;\
                 expires=1780000060;nonce=\"07070707070707070707070707070707\";keyid=\"{keyid}\";\
                 alg=\"ed25519\";tag=\"forewarn-fetch\""
            )
        );
        // SHA-256 of `token`, by sha256sum and base64.
        assert_eq!(fields.token, ":PEaenWxYddN6Q/NT1PiOYfz4EsZu7jRXRlpAsNpBU+A=:");
    }

    #[test]
    fn a_signature_is_of_one_request_by_one_key() {
        let good = statement(None);
        let fields = good.sign(&signer(), at(NOW), [7; 16]).unwrap();
        let key = signer().verifier();
        let (signed, _) = good.received(&fields, &key, at(NOW)).unwrap();
        let changes: [fn(&mut FetchStatement); 4] = [
            |it| it.authority = "other.example".into(),
            |it| it.case = "c2".into(),
            |it| it.item = "notice.md".into(),
            |it| it.authority.push('\n'),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut other = good.clone();
            change(&mut other);
            let refused = other.received(&fields, &key, at(NOW)).unwrap_err();
            assert!(matches!(refused, FetchError::Signature | FetchError::Text), "{number}: {refused}");
        }
        assert_eq!(statement(Some("a=1")).received(&fields, &key, at(NOW)), Err(FetchError::Covers));
        let mut other = good.clone();
        other.token = Digest::of(b"another");
        assert_eq!(other.received(&fields, &key, at(NOW)), Err(FetchError::Token));
        let stranger = MemberSigner::from_random(&[4; 32]);
        assert_eq!(
            good.received(&fields, &stranger.verifier(), at(NOW)),
            Err(FetchError::Parameter("keyid"))
        );
        // Somebody else's signature under this key's name.
        let forged = good.sign(&stranger, at(NOW), [7; 16]).unwrap();
        let named = forged.input.replace(&stranger.verifier().fingerprint(), &key.fingerprint());
        let forged = FetchFields { input: named, ..forged };
        assert_eq!(good.received(&forged, &key, at(NOW)), Err(FetchError::Signature));

        assert!(signed.check("c1", "advisory.md").is_ok());
        assert_eq!(signed.check("c1", "notice.md"), Err(FetchError::Signature));
        let mut moved = signed.clone();
        moved.authority = "warn.example".into();
        assert_eq!(moved.check("c1", "advisory.md"), Err(FetchError::Signature));
        let mut moved = signed.clone();
        moved.token = Digest::of(b"another");
        assert_eq!(moved.check("c1", "advisory.md"), Err(FetchError::Signature));
        let mut moved = signed;
        moved.input = moved.input.replace("1780000060", "1780000059");
        assert_eq!(moved.check("c1", "advisory.md"), Err(FetchError::Signature));
    }

    #[test]
    fn a_query_is_covered() {
        let good = statement(Some("a=1"));
        let (fields, key) = (good.sign(&signer(), at(NOW), [7; 16]).unwrap(), signer().verifier());
        assert!(good.received(&fields, &key, at(NOW)).is_ok());
        assert_eq!(statement(None).received(&fields, &key, at(NOW)), Err(FetchError::Covers));
        assert_eq!(statement(Some("a=2")).received(&fields, &key, at(NOW)), Err(FetchError::Signature));
        let long = "x".repeat(257);
        assert_eq!(statement(Some(&long)).sign(&signer(), at(NOW), [7; 16]), Err(FetchError::Text));
    }

    #[test]
    fn a_minute_is_all_there_is() {
        let (good, key) = (statement(None), signer().verifier());
        let fields = good.sign(&signer(), at(NOW), [7; 16]).unwrap();
        let received = |now| good.received(&fields, &key, at(now));
        for now in [NOW - 5, NOW, NOW + 60] {
            assert!(received(now).is_ok(), "{now}");
        }
        assert!(matches!(received(NOW + 61), Err(FetchError::Late { .. })));
        assert!(matches!(received(NOW - 6), Err(FetchError::Early { .. })));
    }

    #[test]
    fn parameters_are_all_there_and_as_they_should_be() {
        let (good, key) = (statement(None), signer().verifier());
        let fields = good.sign(&signer(), at(NOW), [7; 16]).unwrap();
        // A signature that covers less, lasts longer or names no nonce is refused before it is looked at.
        for (from, to, what) in [
            (" \"@path\"", "", FetchError::Covers),
            (" \"@authority\"", "", FetchError::Covers),
            (" \"forewarn-token\"", "", FetchError::Covers),
            ("(\"@method\"", "(\"date\" \"@method\"", FetchError::Covers),
            ("(\"@method\"", "(\"@method\";req", FetchError::Covers),
            ("expires=1780000060", "expires=1780000061", FetchError::Parameter("expires")),
            ("expires=1780000060", "expires=1779999999", FetchError::Parameter("expires")),
            (";expires=1780000060", "", FetchError::Parameter("expires")),
            ("created=1780000000;", "", FetchError::Parameter("created")),
            ("created=1780000000", "created=\"x\"", FetchError::Parameter("created")),
            ("0707070707070707\"", "\"", FetchError::Signature),
            ("07070707070707070707070707070707", "07", FetchError::Parameter("nonce")),
            ("ed25519", "hmac-sha256", FetchError::Parameter("alg")),
            ("forewarn-fetch", "other", FetchError::Unreadable),
        ] {
            assert!(fields.input.contains(from), "{from}");
            let changed = FetchFields { input: fields.input.replacen(from, to, 1), ..fields.clone() };
            assert_eq!(good.received(&changed, &key, at(NOW)), Err(what), "{from} -> {to}");
        }
        let unsigned = FetchFields { signature: String::new(), ..fields };
        assert_eq!(good.received(&unsigned, &key, at(NOW)), Err(FetchError::Unreadable));
    }

    #[test]
    fn hosts_are_written_in_one_way() {
        for (given, https, expected) in [
            ("Warn.Example", true, "warn.example"),
            ("warn.example:443", true, "warn.example"),
            ("warn.example:80", true, "warn.example:80"),
            ("127.0.0.1:80", false, "127.0.0.1"),
            ("[::1]:8440", false, "[::1]:8440"),
        ] {
            assert_eq!(authority(given, https), expected);
        }
    }
}

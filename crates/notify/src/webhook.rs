//! Notices to members' endpoints.

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::Serialize;

use engine::notices::{EndpointSecret, Outcome};

use crate::{
    config::Webhooks,
    mail::SetupError,
    post::{Names, Poster},
    signature::sign,
};

/// Speaks to endpoints.
#[derive(Clone)]
pub struct Hooks(Poster);

/// What an endpoint is told: that there is something, and where.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    program: &'a str,
    url: &'a str,
}

impl Hooks {
    /// Makes what speaks to endpoints as it was configured.
    ///
    /// # Errors
    /// [`SetupError`] when an authority of one's own cannot be used.
    pub fn new(config: &Webhooks, names: Names) -> Result<Self, SetupError> {
        let own = match &config.authority {
            None => Vec::new(),
            Some(path) => CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| SetupError::Authority { path: path.clone(), says: error.to_string() })?,
        };
        let poster = Poster::new(names, config.loopback, own);
        Ok(Self(poster.map_err(|error| SetupError::Tls(error.to_string()))?))
    }

    /// Tells an endpoint that there is something.
    pub async fn send(
        &self,
        url: &str,
        secret: &EndpointSecret,
        id: &str,
        program: &str,
        look: &str,
        now: Timestamp,
    ) -> Outcome {
        let body = Body { kind: "notice", timestamp: now, data: Data { program, url: look } };
        // Texts and an instant always have a JSON.
        let body = serde_json::to_string(&body).unwrap_or_default();
        let id = format!("msg_{id}");
        let seconds = now.as_second();
        let signature = sign(secret.bytes(), &id, seconds, &body);
        let seconds = seconds.to_string();
        let headers = [
            ("content-type", "application/json"),
            ("user-agent", "forewarn"),
            ("webhook-id", id.as_str()),
            ("webhook-timestamp", seconds.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        match self.0.post(url, &headers, body).await {
            Ok(200..=299) => Outcome::Sent,
            // **Source:** Standard Webhooks, 410: the receiver wants nothing more.
            Ok(410) => Outcome::Refused(String::from("the receiver says that it is gone for good (410)")),
            Ok(status @ 300..=399) => {
                Outcome::Failed(format!("the receiver points elsewhere ({status}); no redirect is followed"))
            }
            Ok(status) => Outcome::Failed(format!("the receiver answered {status}")),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

//! Signatures on requests to endpoints.
//!
//! **Source:** Standard Webhooks 1.0.0, symmetric signatures (`v1`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// How the text of a secret begins.
const PREFIX: &str = "whsec_";

/// Writes a secret as its receiver configures it.
#[must_use]
pub fn secret_text(secret: &[u8; 32]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

/// Signs a request: the value of its header `webhook-signature`.
#[must_use]
pub fn sign(secret: &[u8; 32], id: &str, seconds: i64, body: &str) -> String {
    let signed = format!("{id}.{seconds}.{body}");
    // HMAC takes a key of any length.
    let code =
        Hmac::<Sha256>::new_from_slice(secret).map(|mac| mac.chain_update(signed).finalize().into_bytes());
    format!("v1,{}", STANDARD.encode(code.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_request_has_its_known_signature() {
        // **Source:** computed with PyPI `standardwebhooks` 1.1.0, which shares no code with this.
        let secret: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(secret_text(&secret), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        assert_eq!(
            sign(&secret, "msg_1", 1_796_000_000, r#"{"type":"notice"}"#),
            "v1,8XURK+lM7eLK9QIUoBxmim/VdAkGVgVlJ7GRc3wTiRI="
        );
    }

    #[test]
    fn every_part_is_signed() {
        let good = sign(&[1; 32], "a", 1, "b");
        for other in [
            sign(&[2; 32], "a", 1, "b"),
            sign(&[1; 32], "c", 1, "b"),
            sign(&[1; 32], "a", 2, "b"),
            sign(&[1; 32], "a", 1, "c"),
        ] {
            assert_ne!(good, other);
        }
    }
}

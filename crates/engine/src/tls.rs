//! The one provider of TLS, and what certificates are known by.

use program::id::Sha256;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::hash::sha256;

/// Chooses ring for every TLS connection of this process; the first choice stays, and nothing else is linked.
pub fn install() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Returns SHA-256 of the first certificate in a PEM text, as DER: what a token is bound to.
///
/// # Errors
/// What is wrong with the text, which is never quoted: it may be a key.
///
/// **Source:** RFC 8705, section 3.1.
pub fn fingerprint(pem: &[u8]) -> Result<Sha256, String> {
    match CertificateDer::from_pem_slice(pem) {
        Ok(certificate) => Ok(sha256(&certificate)),
        Err(_) => {
            Err(String::from("there is no certificate in it: give a PEM file, `-----BEGIN CERTIFICATE-----`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certificate_has_a_fingerprint() {
        // Three bytes stand for a certificate: what is inside is not looked at.
        let pem = "text before\n-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
        assert_eq!(fingerprint(pem.as_bytes()), Ok(sha256(b"abc")));
        let key = pem.replace("CERTIFICATE", "PRIVATE KEY");
        for bad in [&key, "", "YWJj", &pem.replace("YWJj", "?")] {
            let says = fingerprint(bad.as_bytes()).unwrap_err();
            assert!(!says.contains("YWJj"), "{says}");
        }
    }
}

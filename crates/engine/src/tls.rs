//! The one provider of TLS.

/// Chooses ring for every TLS connection of this process; the first choice stays, and nothing else is linked.
pub fn install() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

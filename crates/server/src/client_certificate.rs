//! Client certificates: asked for, never demanded, and pinned by the tokens that are bound to them.
//!
//! No authority vouches for them: what counts is that the connection's other end has the key of the certificate that a
//! token names, and the handshake shows that. **Source:** RFC 8705, section 3, with the pin in the log.

use std::{fs, future::Future, io, pin::Pin, sync::Arc};

use axum::http::Extensions;
use axum_server::{
    accept::Accept,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use program::id::Sha256;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    version::TLS13,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::server::TlsStream;
use tower_http::add_extension::AddExtension;

use crate::config::Tls;

/// SHA-256 of the certificate that the other end of a connection showed, with a proof that it has its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown(Option<Sha256>);

impl Shown {
    /// Returns what a request's connection showed; nothing where nobody asked.
    pub(crate) fn of(extensions: &Extensions) -> Option<Sha256> {
        extensions.get::<Self>().and_then(|shown| shown.0)
    }
}

/// Makes the configuration of a listener that asks for client certificates; it speaks TLS 1.3 alone.
///
/// # Errors
/// What is wrong with the files.
pub(crate) fn config(tls: &Tls) -> io::Result<RustlsConfig> {
    let other = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
    let chain = CertificateDer::pem_slice_iter(&fs::read(&tls.certificate)?).collect::<Result<_, _>>();
    let chain: Vec<_> = chain.map_err(|error| other(&error))?;
    let key = PrivateKeyDer::from_pem_slice(&fs::read(&tls.key)?).map_err(|error| other(&error))?;
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| other(&error))?
        .with_client_cert_verifier(Arc::new(AnyWithItsKey(provider)))
        .with_single_cert(chain, key);
    let mut config = config.map_err(|error| other(&error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

/// Takes any certificate whose key the other end has.
#[derive(Debug)]
struct AnyWithItsKey(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyWithItsKey {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // Who issued it and until when says nothing here: a token names this one or it does not.
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Accepts TLS and tells every request of a connection which certificate it showed.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor(RustlsAcceptor);

impl Acceptor {
    pub(crate) fn new(config: RustlsConfig) -> Self {
        Self(RustlsAcceptor::new(config))
    }
}

impl<I, S> Accept<I, S> for Acceptor
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Send + 'static,
{
    type Stream = TlsStream<I>;
    type Service = AddExtension<S, Shown>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepting = self.0.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            let chain = stream.get_ref().1.peer_certificates();
            let shown = chain.and_then(<[_]>::first).map(|own| engine::hash::sha256(own));
            Ok((stream, AddExtension::new(service, Shown(shown))))
        })
    }
}

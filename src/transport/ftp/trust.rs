//! Which certificates are trusted: those that the system's or the partner's own authorities issued, and the exact one a partner gave us.
//! Many partners sign their certificate themselves. The usual check refuses it, since it is an authority's. Named in the partner's
//! file, it is as good as a known host key.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, SupportedProtocolVersion,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use crate::model::{Code, Problem};

#[derive(Debug)]
struct Known {
    usual: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.given.iter().any(|given| given.as_ref() == end_entity.as_ref()) {
            return Ok(ServerCertVerified::assertion());
        }
        self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// A TLS client that trusts the system's authorities and those in `authority`. It has its own store of TLS sessions: servers that
/// require the control connection's session for data get it from there.
pub(super) fn config(authority: Option<&Path>, version: &'static SupportedProtocolVersion) -> Result<ClientConfig, Problem> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let mut given = Vec::new();
    if let Some(file) = authority {
        let unreadable = || {
            Problem::new(Code::ConfigUnreadable, format!("the certificates in {} cannot be read", file.display()))
                .hint("a PEM file: -----BEGIN CERTIFICATE-----")
        };
        for certificate in CertificateDer::pem_file_iter(file).map_err(|_| unreadable())? {
            let certificate = certificate.map_err(|_| unreadable())?;
            roots.add(certificate.clone()).map_err(|_| unreadable())?;
            given.push(certificate);
        }
    }
    let unusable = || Problem::new(Code::ConfigUnreadable, "this machine has no trusted CA certificates");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let usual = usual
        .map_err(|_| unusable().hint("install ca-certificates, or name the partner's certificate: authority = \"keys/partner.pem\""))?;
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).map_err(|_| unusable())?;
    let mut config = config.dangerous().with_custom_certificate_verifier(Arc::new(Known { usual, given })).with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(64);
    Ok(config)
}

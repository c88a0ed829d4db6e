//! Certificates for clients that insist on https.
//!
//! Either PEM files are given, or a certificate for 127.0.0.1 and localhost is made, signed by an
//! authority whose certificate is written where the caller asks. The made keys live in memory only.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// Where the TLS listeners' certificate comes from.
#[derive(Clone, Debug)]
pub enum TlsOptions {
    /// PEM files: a certificate chain, and its private key.
    Files {
        /// The certificate chain, the server's own certificate first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// A certificate made at the start.
    SelfMade {
        /// Where to write the authority's certificate (PEM), for clients to trust.
        authority: PathBuf,
    },
}

/// Loads or makes the certificate. Fails when a file cannot be read, written or understood.
pub(crate) fn acceptor(options: &TlsOptions) -> io::Result<TlsAcceptor> {
    let (chain, key) = match options {
        TlsOptions::Files { certificate, key } => load(certificate, key)?,
        TlsOptions::SelfMade { authority } => make(authority)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn load(certificate: &Path, key: &Path) -> io::Result<Identity> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    Ok((chain, key))
}

fn make(authority_file: &Path) -> io::Result<Identity> {
    let (chain, key, authority) = sign().map_err(io::Error::other)?;
    std::fs::write(authority_file, authority)?;
    Ok((chain, key))
}

fn sign() -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, String), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Sandbox authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Sandbox");
    // Python's verifier insists on the link to the issuer's key.
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok((vec![certificate.der().clone()], key, authority.pem()))
}

//! From settings to a logged-in control connection in binary mode.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use rustls::{
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use suppaftp::{
    Encoding, FtpError, Mode, Status,
    tokio::{AsyncRustlsConnector, AsyncRustlsFtpStream},
    tokio_rustls::TlsConnector,
    types::FileType,
};
use tokio::{net::TcpStream, time::timeout};

use super::{Fault, FtpSettings, Line, OTHER_TLS, Security, answered};
use crate::model::{Code, Problem, names};

/// Names as bytes: FTP servers send whatever their disk has.
#[derive(Debug)]
struct Names;

impl Encoding for Names {
    fn decode(&self, bytes: &[u8]) -> String {
        names::text(bytes)
    }

    fn encode(&self, text: &str) -> io::Result<Vec<u8>> {
        Ok(names::bytes(text))
    }
}

/// Connects and logs in. TLS 1.2 goes first: any number of data connections can resume its session, which many servers require. The
/// tickets of 1.3 run out after a few uploads (seen with ProFTPD). Servers without 1.2 get 1.3.
pub(super) async fn connect(settings: &FtpSettings) -> Result<Line, Problem> {
    match connect_with(settings, &TLS12).await {
        Err(problem) if problem.message.contains(OTHER_TLS) => connect_with(settings, &TLS13).await,
        other => other,
    }
}

async fn connect_with(settings: &FtpSettings, version: &'static SupportedProtocolVersion) -> Result<Line, Problem> {
    let FtpSettings { host, port, user, timeout: patience, .. } = settings;
    let at = format!("{user}@{host}:{port}");
    let unreachable = |why: String| Problem::new(Code::DropUnreachable, format!("{host}:{port} {why}"));
    let reported = |fault: Fault| match fault {
        Fault::Refused(_, words) => unreachable(format!("refuses the session: {words}")),
        Fault::Broken("an answer that is none") => unreachable("does not speak FTP".into()),
        other => other.problem(&at),
    };
    let connected = match settings.security {
        Security::Implicit => {
            let connector = connector(settings, version)?;
            // The library has no other call for it.
            #[allow(deprecated)]
            let connecting = AsyncRustlsFtpStream::connect_secure_implicit((host.as_str(), *port), connector, host);
            answered(*patience, connecting).await.map_err(reported)?
        }
        Security::Plain | Security::Explicit => {
            let socket = match timeout(*patience, TcpStream::connect((host.as_str(), *port))).await {
                Err(_) => return Err(unreachable(format!("does not answer within {} s", patience.as_secs()))),
                Ok(Err(error)) => return Err(unreachable(format!("cannot be reached ({})", crate::model::problem::reason(&error)))),
                Ok(Ok(socket)) => socket,
            };
            // A socket that cannot disable the delay still works.
            let _ = socket.set_nodelay(true);
            answered(*patience, AsyncRustlsFtpStream::connect_with_stream(socket)).await.map_err(reported)?
        }
    };
    let patience = *patience;
    let mut ftp = connected.passive_stream_builder(move |address| Box::pin(data_connection(address, patience)) as Data);
    if settings.security == Security::Explicit {
        ftp = match answered(patience, ftp.into_secure(connector(settings, version)?, host)).await {
            Ok(ftp) => ftp,
            Err(Fault::Refused(_, words)) => {
                return Err(unreachable(format!("offers no TLS: {words}"))
                    .hint("nothing was sent unencrypted; is it another port, or `tls = \"none\"`?"));
            }
            Err(Fault::Broken("the TLS connection failed")) => {
                return Err(unreachable("has an untrusted certificate, or no TLS version that we accept".into())
                    .hint("for a certificate that the partner made, name its file: authority = \"keys/partner-ca.pem\""));
            }
            Err(fault) => return Err(reported(fault)),
        };
    }
    ftp.set_encoding(Names).await;
    if let Err(fault) = answered(patience, ftp.login(user.as_str(), settings.password.expose())).await {
        return Err(match fault {
            Fault::Refused(Status::NotLoggedIn | Status::InvalidCredentials | Status::BadArguments, _) => {
                Problem::new(Code::DropLogin, format!("{at} refuses the login")).hint("check user and password in the partner's file")
            }
            other => reported(other),
        });
    }
    prepared(ftp, settings).await.map_err(reported)
}

type Data = Pin<Box<dyn Future<Output = Result<TcpStream, FtpError>> + Send + Sync>>;

async fn data_connection(address: std::net::SocketAddr, patience: Duration) -> Result<TcpStream, FtpError> {
    let late = || FtpError::ConnectionError(io::ErrorKind::TimedOut.into());
    timeout(patience, TcpStream::connect(address)).await.map_err(|_| late())?.map_err(FtpError::ConnectionError)
}

async fn prepared(mut ftp: AsyncRustlsFtpStream, settings: &FtpSettings) -> Result<Line, Fault> {
    let patience = settings.timeout;
    if settings.security == Security::Implicit {
        for command in ["PBSZ 0", "PROT P"] {
            answered(patience, ftp.custom_command(command, &[Status::CommandOk])).await?;
        }
    }
    // A server without OPTS sends its names unchanged, which is enough.
    match answered(patience, ftp.custom_command("OPTS UTF8 ON", &[Status::CommandOk, Status::CommandNotImplemented])).await {
        Ok(_) | Err(Fault::Refused(..)) => {}
        Err(fault) => return Err(fault),
    }
    let exact = match answered(patience, ftp.feat()).await {
        Ok(features) => features.keys().any(|name| name.eq_ignore_ascii_case("MLST")),
        Err(Fault::Refused(..)) => false,
        Err(fault) => return Err(fault),
    };
    answered(patience, ftp.transfer_type(FileType::Binary)).await?;
    // The address that a server reports is not trusted: data goes to the host of the login.
    ftp.set_passive_nat_workaround(true);
    let is_v6 = ftp.get_ref().await.peer_addr().is_ok_and(|peer| peer.is_ipv6());
    ftp.set_mode(if is_v6 { Mode::ExtendedPassive } else { Mode::Passive });
    let base = match settings.base.as_str() {
        base if base.starts_with('/') => base.to_string(),
        base => format!("{}/{base}", answered(patience, ftp.pwd()).await?.trim_end_matches('/')),
    };
    Ok(Line { ftp, exact, base })
}

fn connector(settings: &FtpSettings, version: &'static SupportedProtocolVersion) -> Result<AsyncRustlsConnector, Problem> {
    let config = super::trust::config(settings.authority.as_deref(), version)?;
    Ok(AsyncRustlsConnector::from(TlsConnector::from(Arc::new(config))))
}

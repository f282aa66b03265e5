//! An embedded SFTP server over a folder, so that the demo and the tests need no service. It is as strict as OpenSSH where it matters:
//! a rename never replaces a file, nothing leaves the folder. [`Quirks`] make it as odd, as limited or as hostile as some real
//! servers.

mod files;
mod quirks;
mod serve;

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use russh::{
    Channel, ChannelId,
    keys::{Algorithm, PrivateKey, PublicKey},
    server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use self::quirks::Board;
pub use self::quirks::{Hostile, Quirks, ServerFault};

/// One account and the folder it sees.
#[derive(Debug, Clone)]
pub struct ServerAccount {
    /// User.
    pub user: String,
    /// Password, if one is accepted.
    pub password: Option<String>,
    /// Public key, if one is accepted.
    pub key: Option<PublicKey>,
    /// Folder that the account sees as `/`.
    pub root: PathBuf,
}

/// A running server; dropping it stops it and its connections.
pub struct SftpServer {
    address: SocketAddr,
    host_key: PublicKey,
    accepting: JoinHandle<()>,
    board: Board,
    /// The other ends of all connections, to break them when the server stops.
    sockets: Arc<Mutex<Vec<Arc<std::net::TcpStream>>>>,
}

impl SftpServer {
    /// Starts a server on loopback, on `port` or, for 0, on a free one.
    ///
    /// # Errors
    /// The port is in use, or no key can be created.
    pub async fn start(accounts: Vec<ServerAccount>, port: u16) -> io::Result<Self> {
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).map_err(io::Error::other)?;
        Self::with_key(accounts, port, key).await
    }

    /// Starts a server with a given host key, so that a restarted one shows the same key.
    ///
    /// # Errors
    /// The port is in use.
    pub async fn with_key(accounts: Vec<ServerAccount>, port: u16, key: PrivateKey) -> io::Result<Self> {
        let host_key = key.public_key().clone();
        let config = Arc::new(Config {
            keys: vec![key],
            auth_rejection_time: Duration::from_millis(50),
            auth_rejection_time_initial: Some(Duration::ZERO),
            nodelay: true,
            window_size: 16 << 20,
            channel_buffer_size: 1 << 10,
            ..Config::default()
        });
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let accounts = Arc::new(accounts);
        let sockets = Arc::new(Mutex::new(Vec::new()));
        let (known, board) = (Arc::clone(&sockets), Board::default());
        let switches = board.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let open = usize::try_from(switches.connections.load(Ordering::SeqCst)).unwrap_or(usize::MAX);
                if switches.quirks().most_connections.is_some_and(|most| open >= most) {
                    continue;
                }
                let Ok((socket, cutter)) = remembered(socket, &known) else { continue };
                let connection =
                    Connection { accounts: Arc::clone(&accounts), root: None, channels: HashMap::new(), board: switches.clone(), cutter };
                let config = Arc::clone(&config);
                tokio::spawn(async move {
                    let open = Arc::clone(&connection.board.connections);
                    open.fetch_add(1, Ordering::SeqCst);
                    if let Ok(session) = russh::server::run_stream(config, socket, connection).await {
                        // How a client leaves does not matter.
                        let _ = session.await;
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Self { address, host_key, accepting, board, sockets })
    }

    /// Sets the switches, and resets the request count.
    pub fn behave(&self, quirks: Quirks) {
        self.board.set(quirks);
    }

    /// Requests since the switches were last set.
    pub fn requests(&self) -> u64 {
        self.board.requests()
    }

    /// Breaks every open connection.
    pub fn cut(&self) {
        for socket in self.sockets.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // A broken connection needs no breaking.
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its host key.
    pub fn host_key(&self) -> &PublicKey {
        &self.host_key
    }
}

impl Drop for SftpServer {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

fn remembered(socket: TcpStream, known: &Mutex<Vec<Arc<std::net::TcpStream>>>) -> io::Result<(TcpStream, Arc<std::net::TcpStream>)> {
    let socket = socket.into_std()?;
    let cutter = Arc::new(socket.try_clone()?);
    known.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&cutter));
    Ok((TcpStream::from_std(socket)?, cutter))
}

struct Connection {
    accounts: Arc<Vec<ServerAccount>>,
    root: Option<PathBuf>,
    channels: HashMap<ChannelId, Channel<Msg>>,
    board: Board,
    /// The other end of the socket, to break it.
    cutter: Arc<std::net::TcpStream>,
}

impl Connection {
    fn admit(&mut self, user: &str, fits: impl Fn(&ServerAccount) -> bool) -> Auth {
        match self.accounts.iter().find(|account| account.user == user && fits(account)) {
            Some(account) => {
                self.root = Some(account.root.clone());
                Auth::Accept
            }
            None => Auth::reject(),
        }
    }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(self.admit(user, |account| account.password.as_deref() == Some(password)))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(self.admit(user, |account| account.key.as_ref().is_some_and(|known| known.key_data() == key.public_key.key_data())))
    }

    async fn channel_open_session(&mut self, channel: Channel<Msg>, reply: ChannelOpenHandle, _: &mut Session) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        match (name, self.channels.remove(&id), self.root.clone()) {
            ("sftp", Some(channel), Some(root)) => {
                session.channel_success(id)?;
                let files = files::Files::new(root, self.board.clone());
                let (board, cutter) = (self.board.clone(), Arc::clone(&self.cutter));
                let cut = move || drop(cutter.shutdown(std::net::Shutdown::Both));
                tokio::spawn(serve::serve(channel.into_stream(), files, board, cut));
                Ok(())
            }
            _ => session.channel_failure(id),
        }
    }

    async fn channel_eof(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.close(id)
    }
}

//! Something between us and Odoo that loses, delays and garbles: one request of all is the one that goes wrong.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What becomes of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed before Odoo has heard of it.
    CutBefore,
    /// Odoo does its work, and half of the answer comes.
    CutDuring,
    /// Odoo does its work, and no answer comes.
    CutAfter,
    /// Odoo does its work, and the answer comes when nobody waits any more.
    Late,
    /// Odoo hears of it late, when whoever asked may be gone.
    Slow,
    /// A proxy has no answer, and Odoo has not heard of it.
    BadGateway,
    /// A proxy has no answer, and Odoo has done its work.
    BadGatewayAfter,
    /// Odoo does its work and then answers with a fault.
    Refused,
}

pub const ALL: [Fault; 7] =
    [Fault::CutBefore, Fault::CutDuring, Fault::CutAfter, Fault::Late, Fault::BadGateway, Fault::BadGatewayAfter, Fault::Refused];

/// A running proxy.
pub struct Proxy {
    pub url: String,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

/// Which request goes wrong.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// The one of this number since the plan, from 1.
    Number(usize),
    /// The first that calls this method.
    Method(&'static str),
}

#[derive(Default)]
struct State {
    /// Requests that have come, and those that Odoo has answered, since the last plan.
    come: AtomicUsize,
    answered: AtomicUsize,
    plan: Mutex<Option<(Moment, Fault)>>,
    /// The planned one has come.
    has_struck: AtomicBool,
    late: Duration,
}

/// Longer than any call may take where nothing else is said.
pub const LATE: Duration = Duration::from_millis(2500);

impl Proxy {
    /// Stands before the Odoo at this address.
    pub async fn before(target: &str) -> Self {
        Self::late_by(target, LATE).await
    }

    /// The same, with another time by which late answers are late.
    pub async fn late_by(target: &str, late: Duration) -> Self {
        let target = target.trim_start_matches("http://").to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State { late, ..State::default() });
        let serving = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (target, state) = (target.clone(), Arc::clone(&state));
                    tokio::spawn(async move {
                        // A client that is gone is no failure of the proxy's.
                        let _ = carry(client, &target, &state).await;
                    });
                }
            }
        });
        Self { url, state, serving }
    }

    /// Requests since the last plan.
    pub fn requests(&self) -> usize {
        self.state.come.load(Ordering::SeqCst)
    }

    /// Those of them whose work Odoo has done.
    pub fn answered(&self) -> usize {
        self.state.answered.load(Ordering::SeqCst)
    }

    /// The request of this number, from 1, is to go wrong; none from now on.
    pub fn plan(&self, plan: Option<(usize, Fault)>) {
        self.set(plan.map(|(number, fault)| (Moment::Number(number), fault)));
    }

    /// The first request that calls this method is to go wrong.
    pub fn plan_for(&self, method: &'static str, fault: Fault) {
        self.set(Some((Moment::Method(method), fault)));
    }

    /// Whether the request that was planned to go wrong has come.
    pub fn has_struck(&self) -> bool {
        self.state.has_struck.load(Ordering::SeqCst)
    }

    fn set(&self, plan: Option<(Moment, Fault)>) {
        *self.state.plan.lock().expect("unlocked") = plan;
        self.state.has_struck.store(false, Ordering::SeqCst);
        self.state.come.store(0, Ordering::SeqCst);
        self.state.answered.store(0, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn carry(mut client: TcpStream, target: &str, state: &State) -> std::io::Result<()> {
    let request = message(&mut client).await?;
    if request.is_empty() {
        return Ok(());
    }
    let number = state.come.fetch_add(1, Ordering::SeqCst) + 1;
    let fault = {
        let mut plan = state.plan.lock().expect("unlocked");
        let (is_it, fault) = match *plan {
            Some((Moment::Number(at), fault)) => (at == number, Some(fault)),
            Some((Moment::Method(method), fault)) => (memchr::memmem::find(&request, method.as_bytes()).is_some(), Some(fault)),
            None => (false, None),
        };
        if is_it {
            *plan = None;
            state.has_struck.store(true, Ordering::SeqCst);
        }
        fault.filter(|_| is_it)
    };
    match fault {
        Some(Fault::CutBefore) => return Ok(()),
        Some(Fault::Slow) => tokio::time::sleep(state.late).await,
        Some(Fault::BadGateway) => {
            return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        }
        _ => {}
    }
    let mut server = TcpStream::connect(target).await?;
    server.write_all(&closing(&request)).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    state.answered.fetch_add(1, Ordering::SeqCst);
    match fault {
        Some(Fault::CutAfter) => Ok(()),
        Some(Fault::CutDuring) => client.write_all(&answer[..answer.len() - 3.min(answer.len())]).await,
        Some(Fault::Late) => {
            tokio::time::sleep(state.late).await;
            client.write_all(&answer).await
        }
        Some(Fault::BadGatewayAfter) => {
            client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await
        }
        Some(Fault::Refused) => client.write_all(&refusal(&request)).await,
        _ => client.write_all(&answer).await,
    }
}

/// A whole HTTP message with its body.
async fn message(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Ok(bytes);
            }
        }
        match stream.read(&mut chunk).await? {
            0 => return Ok(Vec::new()),
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

/// The request with the wish that the connection ends with the answer.
fn closing(request: &[u8]) -> Vec<u8> {
    let end = request.windows(2).position(|window| window == b"\r\n").unwrap_or(0);
    [&request[..end], b"\r\nConnection: close", &request[end..]].concat()
}

/// A fault as the dialect of the request has it: one of Odoo's own that says nothing of what was done.
fn refusal(request: &[u8]) -> Vec<u8> {
    let head = String::from_utf8_lossy(&request[..request.len().min(200)]).to_string();
    let text = "Sorry, the mail server does not answer.";
    let (status, kind, body) = if head.starts_with("POST /json/2/") {
        (
            "422 Unprocessable Entity",
            "application/json",
            format!("{{\"name\": \"odoo.exceptions.UserError\", \"message\": \"{text}\", \"arguments\": [], \"debug\": \"\"}}"),
        )
    } else if head.starts_with("POST /xmlrpc/") {
        (
            "200 OK",
            "text/xml",
            format!(
                "<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>2</int></value></member><member><name>faultString</name><value><string>{text}</string></value></member></struct></value></fault></methodResponse>"
            ),
        )
    } else {
        (
            "200 OK",
            "application/json",
            format!(
                "{{\"jsonrpc\": \"2.0\", \"id\": 1, \"error\": {{\"code\": 200, \"message\": \"Odoo Server Error\", \"data\": {{\"name\": \"odoo.exceptions.UserError\", \"message\": \"{text}\", \"debug\": \"\"}}}}}}"
            ),
        )
    };
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
}
